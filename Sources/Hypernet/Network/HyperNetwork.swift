import CKernels
public import NeuralNet
import TensorCore

/// Makes the weights of a widened network's convolutions from latent vectors, and carries gradients back.
///
/// The weight of a convolution with inputs c, outputs n and k² taps, embedding m (METHODS, section 1):
///
///     u[c,n,:]   = (z_in[c]·z_out[n] + b0[c,n])·w1[c,n,:] + b1[c,n,:]
///     W[n,c,:,:] = w2[c,n]·u[c,n,:] + b2[c,n,:]                          w2[c,n] is (k², m)
///
/// The hypernetwork does not see the data, so ∂L/∂W of the whole batch suffices: the executor runs with plain
/// weights and this runs once a step. Not for concurrent use: the scratch memory is kept between calls.
public final class HyperNetwork {
    /// How ``step(state:momenta:gradient:update:pool:)`` updates, with PyTorch's semantics:
    /// g += decay·p; m = momentum·m + g; p −= rate·(nesterov ? g + momentum·m : m).
    public struct Update: Equatable, Sendable {
        public var rate: Float
        public var momentum: Float
        public var weightDecay: Float
        public var isNesterov: Bool

        public init(rate: Float, momentum: Float = 0, weightDecay: Float = 0, isNesterov: Bool = false) {
            self.rate = rate
            self.momentum = momentum
            self.weightDecay = weightDecay
            self.isNesterov = isNesterov
        }
    }

    public let wiring: LatentWiring
    /// Of the state and, up to `parameterCount`, of the momenta.
    public let layout: HyperLayout
    /// Of the generated weights and their gradients: the widened network's own.
    public let parameters: ParameterLayout
    let rows: HyperRows
    private var workspace: HyperWorkspace?

    /// - Parameters:
    ///   - graph: already widened.
    ///   - embedding: m; 8, and 2 for ImageNet.
    public convenience init(graph: Graph, embedding: Int) {
        self.init(graph: graph, wiring: LatentWiring(graph), embedding: embedding)
    }

    /// With a wiring that is not the graph's.
    package init(graph: Graph, wiring: LatentWiring, embedding: Int) {
        self.wiring = wiring
        layout = HyperLayout(graph: graph, wiring: wiring, embedding: embedding)
        parameters = ParameterLayout(graph)
        rows = HyperRows(Self.layers(graph: graph, wiring: wiring, layout: layout, parameters: parameters))
    }

    private static func layers(
        graph: Graph, wiring: LatentWiring, layout: HyperLayout, parameters: ParameterLayout
    ) -> [HyperRows.Layer] {
        zip(wiring.layers, layout.layerTensors).map { layer, first in
            let (w2, node) = (layout.tensors[first + 1], graph.nodes[layer.node])
            guard let weight = parameters["\(node.name).weight"] else {
                preconditionFailure("\(node.name) has no weight")
            }
            return HyperRows.Layer(
                shape: espalier_hyper_shape(outputs: w2.shape[3], taps: w2.shape[2], embedding: w2.shape[1]),
                rows: w2.shape[0], input: layer.input, output: layer.output, w1: layout.tensors[first].offset,
                w2: w2.offset, b0: layout.tensors[first + 2].offset, b1: layout.tensors[first + 3].offset,
                b2: layout.tensors[first + 4].offset, weight: weight.offset, weightRowStride: w2.shape[2],
                weightOutputStride: w2.shape[0] * w2.shape[2])
        }
    }

    /// Offsets of the latent vectors in the state, in the wiring's order.
    var latentOffsets: [Int] { layout.tensors[layout.latentTensors].map(\.offset) }

    /// The latent vectors of `state`.
    public func latents(of state: UnsafePointer<Float>) -> [[Float]] {
        layout.tensors[layout.latentTensors].map {
            Array(UnsafeBufferPointer(start: state + $0.offset, count: $0.count))
        }
    }

    /// Scratch for `pool`'s threads, kept until the number of threads changes.
    func prepare(_ pool: ComputePool) -> HyperWorkspace {
        if let workspace, workspace.threads == pool.threads { return workspace }
        let fresh = HyperWorkspace(rows: rows, threads: pool.threads)
        workspace = fresh
        return fresh
    }
}
