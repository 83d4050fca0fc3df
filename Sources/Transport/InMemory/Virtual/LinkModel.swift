/// How long a message takes from one switchboard of a ``VirtualNetwork`` to another.
package struct LinkModel: Sendable {
    /// Nanoseconds that every message takes.
    package var latency: Int64
    /// Up to so many nanoseconds more, by chance: connections overtake each other, messages of one do not.
    package var jitter: Int64
    package var bytesPerSecond: Double

    package init(latency: Int64 = 100_000, jitter: Int64 = 200_000, bytesPerSecond: Double = 125e6) {
        self.latency = latency
        self.jitter = jitter
        self.bytesPerSecond = bytesPerSecond
    }
}
