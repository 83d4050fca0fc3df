import Collective

/// The whole reduced vector of one step, handed from the sockets' thread to the replica's.
///
/// Unchecked: the sockets' thread leaves the gathering alone until the replica reports the step applied.
final class GatheredSums: @unchecked Sendable {
    let bytesSent: UInt64
    let bytesUncoded: UInt64
    private let gathering: Gathering

    init(_ gathering: Gathering, bytesSent: UInt64, bytesUncoded: UInt64) {
        self.gathering = gathering
        self.bytesSent = bytesSent
        self.bytesUncoded = bytesUncoded
    }

    func withSums<Result>(_ body: (UnsafeBufferPointer<Int32>) -> Result) -> Result {
        body(gathering.values)
    }
}
