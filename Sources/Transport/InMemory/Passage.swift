/// One message on its way through an ``InMemoryNetwork``, for tests that decide what becomes of it.
public struct Passage: Sendable {
    /// The names of the switchboards.
    public let sender: String
    public let receiver: String
    public let frames: [Frame]
    /// How many messages this network has carried before.
    public let index: Int

    public enum Fate: Sendable {
        case deliver
        /// The message vanishes and the connection lives on, which TCP never does.
        case drop
        /// The message vanishes and the connection breaks.
        case disconnect
    }
}
