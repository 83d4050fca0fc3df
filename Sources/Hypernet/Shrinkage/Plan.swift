public import Foundation
public import NeuralNet

/// The result of pruning: which channels of which latent vectors stay. Kept as `plan.json` in the run's
/// folder.
public struct Plan: Codable, Equatable, Sendable {
    public struct Vector: Codable, Equatable, Sendable {
        /// As in ``LatentWiring``.
        public var name: String
        public var length: Int
        /// Ascending.
        public var kept: [Int]
        /// Elements that the settings keep whatever the threshold.
        public var floor: Int
        /// The importances that decided, for people to look at: least, quartile, median, quartile and
        /// greatest; empty where none did.
        public var importance: [Float]
    }

    /// A network's cost, each in three counts.
    public struct Cost: Codable, Equatable, Sendable {
        public var flops: Complexity.Counts
        public var parameters: Complexity.Counts

        public init(_ graph: Graph) {
            let complexity = Complexity(graph)
            flops = complexity.flops
            parameters = complexity.parameters
        }
    }

    /// What is left of a convolution.
    public struct Layer: Codable, Equatable, Sendable {
        /// The convolution's node.
        public var name: String
        /// Output channels that stay, and of how many.
        public var channels: Int
        public var of: Int
    }

    public var network: String
    /// Steps of the search after which the plan was made; 0 where it took no search. The converge phase
    /// starts there.
    public var step: Int
    public var vectors: [Vector]
    /// In the order of the network.
    public var layers: [Layer]
    public var threshold: Double
    /// What the budget is in.
    public var measure: Budget.Measure
    /// The most that the pruned network may cost.
    public var limit: Int
    /// Whether the search met the budget. If not, ``shortfall`` says how near it came.
    public var isReached: Bool
    /// The network at width 1, the widened one, the pruned one.
    public var baseline: Cost
    public var widened: Cost
    public var pruned: Cost

    /// What to tell the user if the budget was not met; nil if it was.
    public var shortfall: String? {
        guard !isReached else { return nil }
        let cost = measure == .flops ? pruned.flops.convLinear : pruned.parameters.published
        let full = measure == .flops ? widened.flops.convLinear : widened.parameters.published
        let percent = (1000 * Double(cost) / Double(full)).rounded() / 10
        return "the pruned network has \(cost) \(measure.rawValue), \(percent) % of the widened network's; "
            + "the budget was \(limit): lower rho, tau or min_channels, or raise the budget"
    }

    /// The plan as JSON, the same bytes for the same plan; a list of numbers takes one line.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Self.withShortLists(try encoder.encode(self))
    }

    /// Whether it fits a network is checked by ``Surgery``.
    public init(json: Data) throws {
        self = try JSONDecoder().decode(Plan.self, from: json)
        guard (0...Self.stepMax).contains(step) else { throw ShrinkError.plan("it was made at step \(step)") }
    }

    private static let stepMax = 1_000_000_000

    /// Takes the white space out of lists that hold nothing but numbers.
    private static func withShortLists(_ json: Data) -> Data {
        var result = Data(capacity: json.count)
        var rest = json[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "[")) {
            result += rest[...start]
            rest = rest[(start + 1)...]
            guard
                let end = rest.firstIndex(where: {
                    $0 > UInt8(ascii: "9") && $0 != UInt8(ascii: "e")
                }),
                rest[end] == UInt8(ascii: "]"), !rest[..<end].contains(UInt8(ascii: "\""))
            else { continue }
            let numbers = rest[..<end].split(whereSeparator: {
                $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: ",")
            })
            result += Data(numbers.joined(separator: Array(", ".utf8)))
            rest = rest[end...]
        }
        return result + rest
    }
}
