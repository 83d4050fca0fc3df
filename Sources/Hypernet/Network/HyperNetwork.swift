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
    /// A run of elements of one tensor that is the network's own: what a thread takes at a time.
    struct Piece: Sendable {
        /// The tensor's index in `parameters`.
        let segment: Int
        let state: Int
        let weights: Int
        let count: Int

        static let countMax = 1 << 16
    }

    public let wiring: LatentWiring
    /// Of the state and, up to `parameterCount`, of each slot of the moments.
    public let layout: HyperLayout
    /// Of the generated weights and their gradients: the widened network's own.
    public let parameters: ParameterLayout
    let rows: HyperRows
    /// All that is not generated: first what the optimizer updates, then running statistics.
    let pieces: [Piece]
    let trainedPieces: Int
    /// ∂L/∂z of the last step, in the order of the state: the sums, and what the update took.
    let latentGradientSums: AlignedBuffer<Double>
    let latentGradientValues: AlignedBuffer<Float>
    var hasStepped = false
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
        rows = HyperRows(
            Self.layers(graph: graph, wiring: wiring, layout: layout, parameters: parameters),
            sides: wiring.layers, latents: layout.tensors[layout.latentTensors].map(\.range))
        pieces = Self.pieces(layout: layout, parameters: parameters)
        let trainedCount = layout.parameterCount
        trainedPieces = pieces.prefix { $0.state < trainedCount }.count
        latentGradientSums = AlignedBuffer(count: layout.latents.count)
        latentGradientValues = AlignedBuffer(count: layout.latents.count)
    }

    private static func layers(
        graph: Graph, wiring: LatentWiring, layout: HyperLayout, parameters: ParameterLayout
    ) -> [HyperRows.Layer] {
        zip(wiring.layers, layout.layerTensors).map { layer, first in
            let (w2, node) = (layout.tensors[first + 1], graph.nodes[layer.node])
            let segment = parameters.tensors.firstIndex { $0.name == "\(node.name).weight" }
            guard let segment else { preconditionFailure("\(node.name) has no weight") }
            return HyperRows.Layer(
                shape: espalier_hyper_shape(outputs: w2.shape[3], taps: w2.shape[2], embedding: w2.shape[1]),
                rows: w2.shape[0], w1: layout.tensors[first].offset, w2: w2.offset,
                b0: layout.tensors[first + 2].offset, b1: layout.tensors[first + 3].offset,
                b2: layout.tensors[first + 4].offset, segment: segment,
                weight: parameters.tensors[segment].offset)
        }
    }

    private static func pieces(layout: HyperLayout, parameters: ParameterLayout) -> [Piece] {
        parameters.tensors.enumerated().flatMap { segment, tensor -> [Piece] in
            guard tensor.role != .convolutionWeight, let own = layout[tensor.name] else { return [] }
            return stride(from: 0, to: tensor.count, by: Piece.countMax).map {
                Piece(
                    segment: segment, state: own.offset + $0, weights: tensor.offset + $0,
                    count: min(Piece.countMax, tensor.count - $0))
            }
        }
    }

    /// The latent vectors of `state`.
    public func latents(of state: UnsafePointer<Float>) -> [[Float]] {
        layout.tensors[layout.latentTensors].map {
            Array(UnsafeBufferPointer(start: state + $0.offset, count: $0.count))
        }
    }

    /// ∂L/∂z of each latent vector in the last step, in the wiring's order, without weight decay; empty
    /// before the first.
    public var latentGradients: [[Float]] {
        guard hasStepped else { return [] }
        return layout.tensors[layout.latentTensors].map {
            let start = latentGradientValues.pointer + ($0.offset - layout.latents.lowerBound)
            return Array(UnsafeBufferPointer(start: start, count: $0.count))
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
