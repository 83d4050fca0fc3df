import CKernels
public import NeuralNet
public import TensorCore

extension HyperNetwork {
    /// One update of the whole state from a step's reduced sums: backward and the optimizer, fused by rows,
    /// so that the gradients of w1, w2, … never exist, and those of W only for one block at a time. The same
    /// bits for any number of threads.
    ///
    /// ``latentGradients`` are this step's from then on, clipped if it is. Running statistics in `state` are
    /// left alone: see `layout.runningStatistics`.
    ///
    /// - Parameters:
    ///   - state: `layout.count` elements, updated.
    ///   - moments: `layout.parameterCount` elements for each of the optimizer's slots, updated; zeros before
    ///     the first step.
    ///   - reduced: in the order of `ReductionLayout(parameters)`.
    ///   - exponents: those that the sums were coded with.
    public func step(
        state: UnsafeMutablePointer<Float>, moments: UnsafeMutablePointer<Float>,
        reduced: UnsafePointer<Int32>, exponents: FixedPointState, optimizer: Optimizer,
        step: OptimizerStep, pool: ComputePool
    ) {
        let workspace = prepare(pool)
        workspace.begin(state, rows: rows)
        let rule = optimizer.rule(step, slot: layout.parameterCount)
        let work = UpdateWork(
            rows: rows, pieces: pieces.prefix(trainedPieces), workspace: workspace, pool: pool, state: state,
            moments: moments, reduced: reduced, exponents: exponents, gradientScale: step.gradientScale,
            rule: rule)
        pool.run { work.run(thread: $0) }
        combineLatentGradients(workspace)
        let latents = layout.latents
        espalier_optimize(
            state + latents.lowerBound, moments + latents.lowerBound, latentGradientValues.pointer,
            latents.count, rule)
    }

    /// Adds the layers' and rows' sums, in the order of the layers and of their rows.
    private func combineLatentGradients(_ workspace: HyperWorkspace) {
        let sums = latentGradientSums.pointer
        sums.update(repeating: 0, count: layout.latents.count)
        for slice in rows.slices {
            let channels = slice.isOutput ? workspace.zOutSums.pointer : workspace.zInSums.pointer
            slice.add(channels + slice.channel, to: sums + slice.latent - layout.latents.lowerBound)
        }
        for element in 0..<layout.latents.count {
            latentGradientValues.pointer[element] = Float(sums[element])
        }
        hasStepped = true
    }
}

extension HyperRows.Slice {
    fileprivate func add(_ channels: UnsafePointer<Double>, to latent: UnsafeMutablePointer<Double>) {
        var source = channels
        for _ in 0..<tiles {
            if repeats == 1 {
                for element in 0..<length { latent[element] += source[element] }
            } else {
                for channel in 0..<length * repeats { latent[channel / repeats] += source[channel] }
            }
            source += length * repeats
        }
    }
}

/// Unchecked: threads take disjoint blocks of rows, pieces of the other parameters, and layers.
private struct UpdateWork: @unchecked Sendable {
    let rows: HyperRows
    let pieces: ArraySlice<HyperNetwork.Piece>
    let workspace: HyperWorkspace
    let pool: ComputePool
    let state: UnsafeMutablePointer<Float>
    let moments: UnsafeMutablePointer<Float>
    let reduced: UnsafePointer<Int32>
    let exponents: FixedPointState
    let gradientScale: Float
    let rule: espalier_optimizer_rule

    func run(thread: Int) {
        workspace.takeAll(blocks: rows.blocks, pieces: pieces, thread: thread, block: run) { piece in
            espalier_optimize_fixed(
                state + piece.state, moments + piece.state, reduced + piece.weights, piece.count,
                exponents.inverseScale(of: piece.segment) * gradientScale, rule)
        }
        pool.barrier()
        for layer in stride(from: thread, to: rows.layers.count, by: pool.threads) {
            workspace.sumBlocks(of: layer, rows: rows)
        }
    }

    private func run(_ block: HyperRows.Block, _ scratch: UnsafeMutablePointer<Float>) {
        let layer = rows.layers[block.layer]
        let first = block.rows.lowerBound
        let input = rows.inputs[block.layer] + first
        espalier_hyper_update(
            layer.shape, layer.parts(from: first, in: state), layer.parts(from: first, in: moments),
            block.rows.count, workspace.zIn.pointer + input,
            workspace.zOut.pointer + rows.outputs[block.layer],
            reduced + layer.weight + first * Int(layer.shape.taps), layer.weightStride,
            exponents.inverseScale(of: layer.segment) * gradientScale, rule,
            workspace.zInSums.pointer + input, workspace.partials.pointer + block.partial, scratch)
    }
}
