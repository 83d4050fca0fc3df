/// What was wrong with a message from a peer. Whatever it was meant for is untouched; the message is to be
/// dropped and, if it was damaged, asked for again.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
    /// A block header that does not parse.
    case header(field: String, expected: String, got: String)
    /// A block's coded bytes that do not decode to what the block needs.
    case block(field: String, expected: String, got: String)
    /// A well-formed message about something that this step does not have: a part, a block, a shard.
    case unknown(what: String, expected: String, got: String)

    public var description: String {
        switch self {
        case .header(let field, let expected, let got):
            "block header: \(field): expected \(expected), got \(got)"
        case .block(let field, let expected, let got):
            "coded block: \(field): expected \(expected), got \(got)"
        case .unknown(let what, let expected, let got):
            "\(what) of a block message: expected \(expected), got \(got)"
        }
    }
}
