import CKernels
public import TensorCore

extension HyperNetwork {
    /// Writes the network's weights: generated ones, its other parameters and its running statistics.
    ///
    /// - Parameters:
    ///   - state: `layout.count` elements.
    ///   - weights: `parameters.count` elements in the order of ``ParameterLayout``, overwritten.
    public func generate(
        from state: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>, pool: ComputePool
    ) {
        let workspace = prepare(pool)
        workspace.begin(state, rows: rows)
        let work = GenerateWork(
            rows: rows, pieces: pieces, workspace: workspace, state: state, weights: weights)
        pool.run(work)
    }
}

/// Unchecked: threads write disjoint rows and pieces of the weights and only read the state.
private struct GenerateWork: ComputeWork, @unchecked Sendable {
    let rows: HyperRows
    let pieces: [HyperNetwork.Piece]
    let workspace: HyperWorkspace
    let state: UnsafePointer<Float>
    let weights: UnsafeMutablePointer<Float>

    func run(thread: Int) {
        workspace.takeAll(blocks: rows.blocks, pieces: pieces[...], thread: thread, block: run) { piece in
            (weights + piece.weights).update(from: state + piece.state, count: piece.count)
        }
    }

    private func run(_ block: HyperRows.Block, _ scratch: UnsafeMutablePointer<Float>) {
        let layer = rows.layers[block.layer]
        let first = block.rows.lowerBound
        // The kernel only reads the rows; C has no pointer-to-const twin of the struct.
        let parameters = layer.parts(from: first, in: UnsafeMutablePointer(mutating: state))
        espalier_hyper_generate(
            layer.shape, parameters, block.rows.count,
            workspace.zIn.pointer + rows.inputs[block.layer] + first,
            workspace.zOut.pointer + rows.outputs[block.layer],
            weights + layer.weight + first * Int(layer.shape.taps), layer.weightStride, scratch)
    }
}
