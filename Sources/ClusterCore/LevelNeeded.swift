/// The lowest instruction level that a recipe can run at, and what in the recipe needs it.
public struct LevelNeeded: Equatable, Sendable {
    public var level: String
    /// As people write it, such as "precision: bf16".
    public var by: String
    /// What to write instead to do without.
    public var alternative: String

    public init(_ level: String, by: String, alternative: String) {
        self.level = level
        self.by = by
        self.alternative = alternative
    }

    /// Why a machine that offers no more than `offered` cannot take part; nil if it can.
    public func refusal(offered: String) -> String? {
        if InstructionLevel.offers(offered, atLeast: level) { return nil }
        return "its CPU offers \(offered), and \(by) takes \(level): use \(alternative) or another machine"
    }
}
