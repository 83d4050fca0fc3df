import ClusterCore
import Collective
import Transport

/// The reduced vectors that a joining replica is fed, one step at a time.
struct JoinedHistory {
    let feed: UInt64
    private(set) var exponent: UInt32 = 0
    private var gathering: Gathering?
    private var elements = 0
    private static let workspace = WorkspaceBox()

    init(feed: UInt64) {
        self.feed = feed
    }

    mutating func begin(_ chunk: WireStateChunk, elements: Int) {
        exponent = UInt32(chunk.exponents) ?? 0
        self.elements = elements
        gathering = Gathering(
            partition: Partition(count: elements, parts: 1), parts: 1, count: elements)
    }

    /// - Returns: whether the vector is whole.
    mutating func take(_ header: BlockHeader, _ payload: Frame) throws(CollectiveError) -> Bool {
        guard let gathering else { return false }
        return try payload.withUnsafeBytes { bytes throws(CollectiveError) in
            try gathering.take(
                part: Int(header.part), block: Int(header.block), bytes: bytes,
                workspace: Self.workspace.workspace)
        }
    }

    mutating func withVector(_ body: (UnsafeBufferPointer<Int32>) -> Void) {
        if let gathering { body(gathering.values) }
        gathering = nil
    }

    /// Unchecked: a simulation is one thread.
    private final class WorkspaceBox: @unchecked Sendable {
        let workspace = BlockWorkspace()
    }
}
