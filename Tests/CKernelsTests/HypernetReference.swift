import CKernels

/// The update of a block, element by element: what it leaves, and ∂L/∂z.
struct HypernetReference {
    private(set) var parts: [[Float]]
    /// The parts one after the other, twice.
    private(set) var moments: [Float]
    private(set) var zIn: [Double]
    private(set) var zOut: [Double]
    private let starts: [Int]
    private let rule: espalier_optimizer_rule

    init(
        _ this: HypernetTests.Case, parts: [[Float]], moments: [Float], _ zIn: [Float], _ zOut: [Float],
        _ sums: [Int32], _ scale: Float, _ rule: espalier_optimizer_rule
    ) {
        self.parts = parts
        self.moments = moments
        self.rule = rule
        starts = this.starts
        self.zIn = [Double](repeating: 0, count: this.rows)
        self.zOut = [Double](repeating: 0, count: this.outputs)
        for r in 0..<this.rows {
            for n in 0..<this.outputs {
                let dw = (0..<this.taps).map { Float(sums[n * this.stride + r * this.taps + $0]) * scale }
                let da = backward(this, r, n, zIn[r] * zOut[n], dw)
                self.zOut[n] += Double(da) * Double(zIn[r])
                self.zIn[r] += Double(da) * Double(zOut[n])
            }
        }
    }

    /// One row and output; returns ∂L/∂a.
    private mutating func backward(
        _ this: HypernetTests.Case, _ r: Int, _ n: Int, _ latent: Float, _ dw: [Float]
    ) -> Float {
        let a = latent + parts[2][r * this.outputs + n]
        var da: Float = 0
        for j in 0..<this.embedding {
            let narrow = (r * this.embedding + j) * this.outputs + n
            let u = a * parts[0][narrow] + parts[3][narrow]
            var du: Float = 0
            for t in 0..<this.taps {
                let wide = ((r * this.embedding + j) * this.taps + t) * this.outputs + n
                du += parts[1][wide] * dw[t]
                update(1, wide, dw[t] * u)
            }
            da += du * parts[0][narrow]
            update(0, narrow, du * a)
            update(3, narrow, du)
        }
        update(2, r * this.outputs + n, da)
        for t in 0..<this.taps { update(4, (r * this.taps + t) * this.outputs + n, dw[t]) }
        return da
    }

    private mutating func update(_ part: Int, _ index: Int, _ gradient: Float) {
        let first = starts[part] + index
        let new = rule.step(parts[part][index], (moments[first], moments[first + rule.slot]), gradient)
        parts[part][index] = new.parameter
        (moments[first], moments[first + rule.slot]) = new.moments
    }
}
