import Checkpoint
import Foundation
import Hypernet
import ModelZoo
import NeuralNet
import TestSupport

/// One golden pruning: a network, its latent vectors and their gradients, and what the released code made of
/// them.
struct PruneCase {
    let tensors: SafetensorsFile
    let description: Description
    let graph: Graph
    let baseline: Graph
    let wiring: LatentWiring
    /// The golden index of each vector of the wiring.
    let latentIndices: [Int]

    struct Description: Decodable {
        let net: String
        let mode: String
        let releasedMask: Bool
        let rhoRemainPercentage: Double?
        let tauLinearPercentage: Double?
        let targetRatio: Double
        let mc: Int
        let gradNormalize: Bool
        let flopsFull: Int
        let converged: Bool
        let thresholdAfterSearch: Double
        let trace: [Trial]
        let latents: [Latent]
        let layers: [Layer]
        let flopsAfter: Int
        let paramsAfter: Int
        let flopsConvLinearBn: Int
        let paramsConvLinearBn: Int
        let flopsConvLinearBnRelu: Int
        let twoLayers: [String: Wiring]

        struct Trial: Decodable {
            let threshold: Double
            let flops: Int
            let ratio: Double
        }

        struct Latent: Decodable {
            let key: String
            let length: Int
            let floor: Int
            let floorSource: String
            let neverPruned: Bool
            let kept: Int
        }

        struct Layer: Decodable {
            let name: String
            /// Nil for linear layers.
            let k: Int?
            let stride: Int?
            let inFull: Int?
            let outFull: Int?
            let inRemain: Int
            let outRemain: Int
            let macs: Int
            let params: Int
            let wiring: Wiring?
        }

        struct Wiring: Decodable {
            let inLatent: Int
            let outLatent: Int
            let inLatentRepeat: Int
            let outLatentRepeat: Int
            let role: String
            let ownLatentLength: Int

            var indices: [Int] { [inLatent, inLatentRepeat, outLatent, outLatentRepeat] }
        }
    }

    init(_ file: GoldenFile) throws {
        tensors = try file.tensors()
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        description = try decoder.decode(Description.self, from: Data(contentsOf: file.sibling("json").url))
        if GoldenNetwork.names.contains(description.net) {
            let network = GoldenNetwork(description)
            (graph, baseline) = (network.graph, network.graph)
            wiring = network.wiring
        } else {
            (graph, baseline) = try Self.networks(description.net)
            wiring = LatentWiring(graph)
        }
        let golden = description.layers.compactMap(\.wiring)
        guard golden.count == wiring.layers.count else {
            throw GoldenMissing(what: "layers of \(description.net)")
        }
        var indices = [Int](repeating: -1, count: wiring.vectors.count)
        for (layer, other) in zip(wiring.layers, golden) {
            indices[layer.input.vector] = other.inLatent
            indices[layer.output.vector] = other.outLatent
        }
        latentIndices = indices
    }

    /// The golden networks are narrow, to be small: prune/<net>.json says how.
    static func networks(_ net: String) throws -> (widened: Graph, baseline: Graph) {
        let json = try Golden.file("prune/\(net).json")?.json() as? [String: Any]
        guard let input = (json?["input"] as? [Int])?.last,
            let words = (json?["args"] as? String)?.split(separator: " "),
            let index = words.firstIndex(of: "width_mult"),
            let width = Double(words[index + 1].trimmingCharacters(in: .punctuationCharacters))
        else { throw GoldenMissing(what: "prune/\(net).json") }
        func network(_ form: Bool, _ width: Double) throws -> Graph {
            let graph = try ModelZoo.network(
                named: net, input: input, classes: 10, width: width, forHypernetwork: form)
            return form ? graph.withReleasedActivations : graph
        }
        return (try network(true, width), try network(false, width / 2))
    }

    func vectors(_ prefix: String) throws -> [[Float]]? {
        guard tensors["\(prefix).000"] != nil else { return nil }
        return try latentIndices.map { try tensors.floats("\(prefix).\(Self.padded($0))") }
    }

    func mask(_ vector: Int) throws -> [Int] {
        let mask = try tensors.uint8s("mask.\(Self.padded(latentIndices[vector]))")
        return mask.indices.filter { mask[$0] != 0 }
    }

    private static func padded(_ index: Int) -> String {
        let digits = "\(index)"
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    var settings: ShrinkSettings {
        let isMagnitude = description.mode == "mag" || description.releasedMask
        let classifier = wiring.vectors.firstIndex(where: \.feedsClassifier) ?? 0
        let latent = description.latents[latentIndices[classifier]]
        // The released code's MobileNetV2 has no floor of its own for the vector that the classifier reads.
        let tau = latent.floorSource == "linear_percentage" ? description.tauLinearPercentage : nil
        return ShrinkSettings(
            budget: .ratio(description.targetRatio),
            importance: isMagnitude
                ? .magnitude : description.gradNormalize ? .normalizedGradient : .gradient,
            search: .reference, rho: description.rhoRemainPercentage,
            tau: tau, minChannels: description.mc, keepsClassifierInput: latent.neverPruned)
    }
}
