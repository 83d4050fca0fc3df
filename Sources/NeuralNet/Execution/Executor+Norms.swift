import TensorCore

// What happens where the threads meet: every thread adds up the slices' channel sums, in slice order, into
// its own coefficients. One thread for each norm also codes what the norm adds to the step's sums.
extension Executor {
    /// Coefficients of all norms from running statistics.
    func setRunningCoefficients(_ lane: Lane) {
        for norm in program.norms {
            let (scale, shift) = (weights.tensor(norm.scale), weights.tensor(norm.shift))
            let (mean, variance) = (weights.tensor(norm.runningMean), weights.tensor(norm.runningVariance))
            for channel in 0..<norm.channels {
                let inverse = 1 / (Double(variance[channel]) + Double(norm.epsilon)).squareRoot()
                let factor = Double(scale[channel]) * inverse
                lane.norms.scale.pointer[norm.channelOffset + channel] = Float(factor)
                lane.norms.shift.pointer[norm.channelOffset + channel] =
                    Float(Double(shift[channel]) - Double(mean[channel]) * factor)
            }
        }
    }

    /// Mean and variance of the shard, and from them x·scale + shift.
    func combineForward(_ index: Int, _ lane: Lane, codes wantsCodes: Bool, thread: Int) {
        let norm = program.norms[index]
        let sums = lane.channelSums.pointer
        addSlices(norm, sums) { records.forwardSums(norm, slice: $0) }
        let squares = sums + norm.channels
        let (scale, shift) = (weights.tensor(norm.scale), weights.tensor(norm.shift))
        let count = Double(norm.rows * slices)
        for channel in 0..<norm.channels {
            let place = norm.channelOffset + channel
            let mean = sums[channel] / count
            let variance = max(squares[channel] / count - mean * mean, 0)
            let inverse = 1 / (variance + Double(norm.epsilon)).squareRoot()
            let factor = Double(scale[channel]) * inverse
            lane.norms.mean.pointer[place] = mean
            lane.norms.inverse.pointer[place] = inverse
            lane.norms.scale.pointer[place] = Float(factor)
            lane.norms.shift.pointer[place] = Float(Double(shift[channel]) - mean * factor)
            squares[channel] = variance
        }
        guard wantsCodes, thread == coder(of: index) else { return }
        let share = 1 / Double(step.shards)
        let unbiased = share * count / max(count - 1, 1)
        let values = lane.channelValues.pointer
        for channel in 0..<norm.channels { values[channel] = Float(sums[channel] / count * share) }
        lane.add(values, to: norm.runningMean, of: self.sums)
        for channel in 0..<norm.channels { values[channel] = Float(squares[channel] * unbiased) }
        lane.add(values, to: norm.runningVariance, of: self.sums)
    }

    /// With x̂ = (x − mean)·inverse and n values a channel: ∂β = Σdz, ∂γ = Σdz·x̂ = inverse·(Σdz·x −
    /// mean·Σdz), and dx = γ·inverse·(dz − ∂β/n − x̂·∂γ/n), written as factor·dz + valueFactor·x + constant.
    func combineBackward(_ index: Int, _ lane: Lane, thread: Int) {
        let norm = program.norms[index]
        let sums = lane.channelSums.pointer
        addSlices(norm, sums) { records.backwardSums(norm, slice: $0) }
        let products = sums + norm.channels
        let scale = weights.tensor(norm.scale)
        let count = Double(norm.rows * slices)
        for channel in 0..<norm.channels {
            let place = norm.channelOffset + channel
            let mean = lane.norms.mean.pointer[place]
            let inverse = lane.norms.inverse.pointer[place]
            let scaleGradient = inverse * (products[channel] - mean * sums[channel])
            let factor = Double(scale[channel]) * inverse
            let valueFactor = -factor * inverse * scaleGradient / count
            lane.norms.gradientFactor.pointer[place] = Float(factor)
            lane.norms.valueFactor.pointer[place] = Float(valueFactor)
            lane.norms.constant.pointer[place] = Float(-factor * sums[channel] / count - valueFactor * mean)
            products[channel] = scaleGradient
        }
        guard thread == coder(of: index) else { return }
        let values = lane.channelValues.pointer
        for channel in 0..<norm.channels { values[channel] = Float(products[channel]) }
        lane.add(values, to: norm.scale, of: self.sums)
        for channel in 0..<norm.channels { values[channel] = Float(sums[channel]) }
        lane.add(values, to: norm.shift, of: self.sums)
    }

    /// The thread that codes a norm's statistics and gradients: norms go round the threads that have sums.
    private func coder(of norm: Int) -> Int {
        codingThreads[norm % codingThreads.count]
    }

    @inline(__always)
    private func addSlices(
        _ norm: NormLayer, _ sums: UnsafeMutablePointer<Double>,
        _ part: (Int) -> UnsafeMutablePointer<Double>
    ) {
        sums.update(from: part(0), count: 2 * norm.channels)
        for slice in 1..<max(slices, 1) {
            let other = part(slice)
            for index in 0..<2 * norm.channels { sums[index] += other[index] }
        }
    }
}
