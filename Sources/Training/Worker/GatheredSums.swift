import Collective

/// The whole reduced vector of one step: handed from the sockets' thread to the replica's, and kept to be
/// served to workers that lack it until the next step begins.
///
/// Unchecked: the sockets' thread does not change the vector as long as it is lent out.
package final class GatheredSums: @unchecked Sendable {
    let step: Int
    package let bytesSent: UInt64
    package let bytesUncoded: UInt64
    let gathering: Gathering
    /// How many commands that read it are under way. The sockets' thread's alone.
    var readers = 0

    init(_ gathering: Gathering, step: Int, bytesSent: UInt64, bytesUncoded: UInt64) {
        self.gathering = gathering
        self.step = step
        self.bytesSent = bytesSent
        self.bytesUncoded = bytesUncoded
    }

    var count: Int { gathering.values.count }

    package func withSums<Result>(_ body: (UnsafeBufferPointer<Int32>) -> Result) -> Result {
        body(gathering.values)
    }
}
