import Collective
import Transport

/// One worker's contributions to a step, ready to go out.
package struct Contributions: Sendable {
    struct Own: Sendable {
        let part: Int
        let block: Int
        let values: [Int32]
    }

    struct Message: Sendable {
        let owner: UInt32
        let frames: [Frame]
        let elements: Int
    }

    let step: Int
    let attempt: UInt32
    let generation: UInt64
    let shards: ShardSet
    /// To parts that the worker owns itself.
    let own: [Own]
    let messages: [Message]
}

/// A worker's parts of a reduced vector, ready to go out to all others.
package struct Served: Sendable {
    struct Message: Sendable {
        let frames: [Frame]
        let elements: Int
    }

    let generation: UInt64
    let messages: [Message]
}
