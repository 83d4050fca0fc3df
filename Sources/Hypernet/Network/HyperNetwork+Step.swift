import CKernels
public import TensorCore

extension HyperNetwork {
    /// One update of the whole state from the gradient of the generated weights: backward and SGD, fused by
    /// rows, so that the gradients of w1, w2, … never exist as whole tensors. The same bits for any number of
    /// threads.
    ///
    /// Running statistics in `state` are left alone: see `layout.runningStatistics`.
    ///
    /// - Parameters:
    ///   - state: `layout.count` elements, updated.
    ///   - momenta: `layout.parameterCount` elements, updated; zeros before the first step.
    ///   - gradient: `parameters.parameterCount` elements: ∂L/∂W and the gradients of the other parameters.
    /// - Returns: ∂L/∂z of each latent vector, in the wiring's order, without weight decay.
    public func step(
        state: UnsafeMutablePointer<Float>, momenta: UnsafeMutablePointer<Float>,
        gradient: UnsafePointer<Float>, update: Update, pool: ComputePool
    ) -> [[Float]] {
        let latentGradients = backward(
            state: state, gradient: gradient, output: .update(state, momenta, update), pool: pool)
        for (tensor, values) in zip(layout.tensors[layout.latentTensors], latentGradients) {
            update.apply(state + tensor.offset, momenta + tensor.offset, values, tensor.count)
        }
        return latentGradients
    }

    /// The gradients that ``step(state:momenta:gradient:update:pool:)`` uses, as whole tensors through the
    /// same kernels. For tests.
    ///
    /// - Parameter gradients: `layout.parameterCount` elements, overwritten.
    public func gradients(
        state: UnsafePointer<Float>, gradient: UnsafePointer<Float>,
        into gradients: UnsafeMutablePointer<Float>,
        pool: ComputePool
    ) {
        let latentGradients = backward(
            state: UnsafeMutablePointer(mutating: state), gradient: gradient, output: .gradients(gradients),
            pool: pool)
        for (tensor, values) in zip(layout.tensors[layout.latentTensors], latentGradients) {
            (gradients + tensor.offset).update(from: values, count: tensor.count)
        }
    }

    private func backward(
        state: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, output: BackwardWork.Output,
        pool: ComputePool
    ) -> [[Float]] {
        let workspace = prepare(pool)
        workspace.expandLatents(state, rows: rows, latentOffsets: latentOffsets)
        let work = BackwardWork(
            rows: rows, latentOffsets: latentOffsets, workspace: workspace, threads: pool.threads,
            state: state,
            gradient: gradient, output: output, plain: layout.plain.flatMap(\.chunks))
        pool.run { work.run(thread: $0) }
        return combineLatentGradients(workspace)
    }

    /// Adds the blocks' and rows' sums, in the order of the layers and of their rows.
    private func combineLatentGradients(_ workspace: HyperWorkspace) -> [[Float]] {
        var sums = wiring.vectors.map { [Double](repeating: 0, count: $0.length) }
        for block in rows.blocks {
            let layer = rows.layers[block.layer]
            let partial = workspace.partials.pointer + block.partial
            for output in 0..<layer.outputs {
                sums[layer.output.vector][output / layer.output.repeats] += partial[output]
            }
            let rowSums = workspace.rowSums.pointer + rows.rowSums[block.layer]
            for row in block.rows { sums[layer.input.vector][row / layer.input.repeats] += rowSums[row] }
        }
        return sums.map { $0.map { Float($0) } }
    }
}

/// Unchecked: threads take disjoint blocks of rows and disjoint chunks of the other parameters.
private struct BackwardWork: @unchecked Sendable {
    enum Output {
        /// State, momenta and how to update them.
        case update(UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, HyperNetwork.Update)
        case gradients(UnsafeMutablePointer<Float>)
    }

    let rows: HyperRows
    let latentOffsets: [Int]
    let workspace: HyperWorkspace
    let threads: Int
    let state: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    let output: Output
    let plain: [HyperLayout.Correspondence]

    func run(thread: Int) {
        for index in stride(from: thread, to: rows.blocks.count, by: threads) {
            run(rows.blocks[index], thread: thread)
        }
        for index in stride(from: thread, to: plain.count, by: threads) {
            let chunk = plain[index]
            switch output {
            case .update(let state, let momenta, let update):
                update.apply(
                    state + chunk.state, momenta + chunk.state, gradient + chunk.weights, chunk.count)
            case .gradients(let gradients):
                (gradients + chunk.state).update(from: gradient + chunk.weights, count: chunk.count)
            }
        }
    }

    private func run(_ block: HyperRows.Block, thread: Int) {
        let layer = rows.layers[block.layer]
        let zIn = state + latentOffsets[layer.input.vector]
        let zOut = workspace.expanded.pointer + rows.expanded[block.layer]
        let partial = workspace.partials.pointer + block.partial
        partial.update(repeating: 0, count: layer.outputs)
        for row in block.rows {
            let parameters = layer.row(row, in: state)
            let rowGradient: espalier_hyper_row
            switch output {
            case .update: rowGradient = layer.row(packedIn: workspace.rowGradient(of: thread))
            case .gradients(let gradients): rowGradient = layer.row(row, in: gradients)
            }
            workspace.rowSums.pointer[rows.rowSums[block.layer] + row] = espalier_hyper_backward(
                layer.shape, parameters, zIn[row / layer.input.repeats], zOut,
                gradient + layer.weight + row * layer.weightRowStride, layer.weightOutputStride, rowGradient,
                partial, workspace.scratch(of: thread))
            if case .update(let state, let momenta, let update) = output {
                update.apply(layer, layer.row(row, in: state), layer.row(row, in: momenta), rowGradient)
            }
        }
    }
}

extension HyperNetwork.Update {
    fileprivate func apply(
        _ parameters: UnsafeMutablePointer<Float>, _ momenta: UnsafeMutablePointer<Float>,
        _ gradients: UnsafePointer<Float>, _ count: Int
    ) {
        espalier_sgd(parameters, momenta, gradients, count, rate, momentum, weightDecay, isNesterov ? 1 : 0)
    }

    fileprivate func apply(
        _ layer: HyperRows.Layer, _ parameters: espalier_hyper_row, _ momenta: espalier_hyper_row,
        _ gradients: espalier_hyper_row
    ) {
        let embedded = Int(layer.shape.embedding * layer.shape.outputs)
        apply(parameters.w2, momenta.w2, gradients.w2, layer.rowCount)
        apply(parameters.w1, momenta.w1, gradients.w1, embedded)
        apply(parameters.b0, momenta.b0, gradients.b0, layer.outputs)
        apply(parameters.b1, momenta.b1, gradients.b1, embedded)
        apply(parameters.b2, momenta.b2, gradients.b2, Int(layer.shape.taps * layer.shape.outputs))
    }
}

extension HyperLayout.Correspondence {
    /// Elements of a chunk at most: what one thread takes at a time.
    private static let chunkCountMax = 1 << 16

    fileprivate var chunks: [HyperLayout.Correspondence] {
        stride(from: 0, to: count, by: Self.chunkCountMax).map {
            HyperLayout.Correspondence(
                state: state + $0, weights: weights + $0, count: min(Self.chunkCountMax, count - $0))
        }
    }
}
