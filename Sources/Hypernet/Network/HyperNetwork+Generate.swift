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
        workspace.expandLatents(state, rows: rows, latentOffsets: latentOffsets)
        let work = GenerateWork(
            rows: rows, latentOffsets: latentOffsets, workspace: workspace, threads: pool.threads,
            state: state,
            weights: weights)
        pool.run { work.run(thread: $0) }
        for run in layout.plain + [layout.runningStatistics] {
            (weights + run.weights).update(from: state + run.state, count: run.count)
        }
    }
}

/// Unchecked: threads write disjoint rows of the weights and only read the state.
private struct GenerateWork: @unchecked Sendable {
    let rows: HyperRows
    let latentOffsets: [Int]
    let workspace: HyperWorkspace
    let threads: Int
    let state: UnsafePointer<Float>
    let weights: UnsafeMutablePointer<Float>

    func run(thread: Int) {
        let scratch = workspace.scratch(of: thread)
        // The kernel only reads the row; C has no pointer-to-const twin of the struct.
        let state = UnsafeMutablePointer(mutating: state)
        for index in stride(from: thread, to: rows.blocks.count, by: threads) {
            let block = rows.blocks[index]
            let layer = rows.layers[block.layer]
            let zIn = state + latentOffsets[layer.input.vector]
            let zOut = workspace.expanded.pointer + rows.expanded[block.layer]
            for row in block.rows {
                espalier_hyper_generate(
                    layer.shape, layer.row(row, in: state), zIn[row / layer.input.repeats], zOut,
                    weights + layer.weight + row * layer.weightRowStride, layer.weightOutputStride, scratch)
            }
        }
    }
}
