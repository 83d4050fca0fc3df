public import Hypernet
import TensorCore

/// What ``StepBench`` measures.
public struct StepSettings: Equatable, Sendable {
    /// Number formats of activations and convolutions.
    public enum Precision: String, CaseIterable, Sendable, Encodable {
        case fp32
        case bf16

        var elements: ElementType {
            switch self {
            case .fp32: .fp32
            case .bf16: .bf16
            }
        }
    }

    /// What is cut away before the steps.
    public enum Pruning: Equatable, Sendable {
        /// What this plan, made for the same network and width, does not keep.
        case plan(Plan)
        /// Channels drawn at random, so that this share of the FLOPs stays.
        case random(keep: Double)
    }

    public var network: String
    public var input = 224
    public var classes = 1000
    public var batch = 64
    /// Images of a shard; nil: 32, or the batch if that is smaller.
    public var shard: Int?
    public var precision = Precision.fp32
    public var width = 1.0
    /// The hypernetwork's embedding; 0: a plain step.
    public var hyper = 0
    /// Nil: nothing. Not together with a hypernetwork.
    public var pruning: Pruning?
    public var threads = 1
    /// Measured steps, and steps before them.
    public var steps = 10
    public var warmup = 2
    /// Further steps, in which the threads measure their passes; 0: no breakdown.
    public var measuredSteps = 5
    public var seed: UInt64 = 1

    public init(network: String) {
        self.network = network
    }

    static let shardDefault = 32

    var shardSize: Int { shard ?? min(Self.shardDefault, batch) }
}
