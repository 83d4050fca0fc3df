/// While a backward pass is compiled: which buffer holds the gradient of each node, and when it may change.
struct GradientBuffers {
    /// By node.
    var buffers: [Int: Buffer] = [:]
    /// By node: positions of the first and the last job of the unit that ends there (two jobs for a norm).
    private var positions: [Int: (first: Int, last: Int)] = [:]
    /// By node: the first job of its unit that may change the gradient in place.
    private var rewrites: [Int: Int] = [:]
    /// By node: positions of the jobs that add to its gradient.
    private var contributions: [Int: [Int]] = [:]

    init(jobs: [(unit: Unit, isNormApply: Bool)]) {
        for (position, job) in jobs.enumerated() {
            let unit = job.unit
            positions[unit.last] = (positions[unit.last]?.first ?? position, position)
            if !unit.isNorm || unit.changesGradientInPlace || job.isNormApply {
                rewrites[unit.last] = rewrites[unit.last] ?? position
            }
            for (place, input) in unit.inputs.enumerated()
            where !unit.isNorm || (place == 0) == job.isNormApply {
                contributions[input, default: []].append(position)
            }
        }
    }

    /// The position of the unit's last job.
    func lastPosition(of unit: Unit) -> Int { positions[unit.last]?.last ?? .max }

    /// Whether the gradient of another node lies in this buffer and is read after `position`.
    func isNeeded(_ buffer: Buffer, byOthersThan node: Int, after position: Int) -> Bool {
        buffers.contains {
            $0.key != node && $0.value == buffer && (positions[$0.key]?.last ?? .max) > position
        }
    }

    /// Whether the gradient of `node`, begun by the job at `start`, stays as it is until the job at `end`:
    /// nobody adds to it and its own unit does not work on it in place.
    func isUntouched(_ node: Int, from start: Int, until end: Int) -> Bool {
        (rewrites[node] ?? .max) >= end
            && (contributions[node] ?? []).allSatisfy { $0 <= start || $0 >= end }
    }
}
