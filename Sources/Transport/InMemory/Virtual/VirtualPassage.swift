/// One message that is about to travel over a ``VirtualNetwork``.
package struct VirtualPassage {
    /// The names of the switchboards.
    package let sender: String
    package let receiver: String
    package let frames: [Frame]

    package enum Fate {
        case deliver
        /// Comes twice, the second time after so many nanoseconds more, perhaps behind later messages.
        case duplicate(after: Int64)
        /// Other frames come in its place.
        case replace([Frame])
        /// The message vanishes and the connection breaks.
        case disconnect
    }
}
