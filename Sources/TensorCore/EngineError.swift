/// A refusal by the machine or by a mathematical library: what was asked for, and why it failed.
public struct EngineError: Error, Equatable, CustomStringConvertible {
    public let operation: String
    public let detail: String

    public init(operation: String, detail: String) {
        self.operation = operation
        self.detail = detail
    }

    public var description: String { "cannot \(operation): \(detail)" }
}
