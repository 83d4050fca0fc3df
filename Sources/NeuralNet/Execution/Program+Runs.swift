import TensorCore

/// Works of a stage that one tile after another goes through.
struct Run: Equatable {
    var works: Range<Int>
    /// A divisor of the slice.
    var tiles: Int
}

extension Program {
    /// Cuts a stage in runs as long as can be, each in as few tiles as are small enough. Tells the
    /// convolutions.
    mutating func cutInRuns(_ stage: Stage) -> [Run] {
        var runs: [Run] = []
        for (index, work) in stage.works.enumerated() {
            if work.canBeTiled, let last = runs.last, stage.works[last.works].allSatisfy(\.canBeTiled) {
                runs[runs.count - 1].works = last.works.lowerBound..<index + 1
            } else {
                runs.append(Run(works: index..<index + 1, tiles: 1))
            }
        }
        for index in runs.indices {
            let works = stage.works[runs[index].works]
            runs[index].tiles = tiles(for: works)
            for work in works {
                switch work {
                case .convolve(let layer, _, _): convolutions[layer].tiles.forward = runs[index].tiles
                case .convolveBackData(let layer, _, _):
                    convolutions[layer].tiles.inputGradient = runs[index].tiles
                default: break
                }
            }
        }
        return runs
    }

    private func tiles(for works: ArraySlice<Work>) -> Int {
        guard works.count > 1 else { return 1 }
        let largest = works.map { work in Set(work.buffers).reduce(0) { $0 + byteCount(of: $1) } }.max() ?? 0
        return (1...slice).first { slice % $0 == 0 && largest / $0 <= options.tileBytes } ?? slice
    }
}
