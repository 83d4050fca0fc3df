import TensorCore

/// Works of a stage that one tile after another goes through.
struct Run: Equatable {
    var works: Range<Int>
    /// A divisor of the slice, or a multiple: then each is of some rows of an image.
    var tiles: Int
}

extension Program {
    /// Cuts a stage in runs as long as can be, each in as few tiles as are small enough. Tells the
    /// convolutions.
    mutating func cutInRuns(_ stage: Stage) -> [Run] {
        var runs: [Run] = []
        for (index, work) in stage.works.enumerated() {
            if let last = runs.last, canJoin(work, stage.works[last.works]) {
                runs[runs.count - 1].works = last.works.lowerBound..<index + 1
            } else {
                runs.append(Run(works: index..<index + 1, tiles: 1))
            }
        }
        for index in runs.indices {
            let works = stage.works[runs[index].works]
            let tiles = tiles(for: works)
            runs[index].tiles = tiles
            for work in works {
                switch work {
                case .convolve(let layer, _, _): convolutions[layer].tiles.forward = tiles
                case .convolveBackData(let layer, _, _): convolutions[layer].tiles.inputGradient = tiles
                case .convolveBackWeights(let layer, _, _): convolutions[layer].tiles.weightGradient = tiles
                default: break
                }
            }
        }
        return runs
    }

    /// A thread has room for one weight's gradient, so there is one in a run.
    private func canJoin(_ work: Work, _ works: ArraySlice<Work>) -> Bool {
        canBeTiled(work) && works.allSatisfy(canBeTiled)
            && !(work.makesWeightGradient && works.contains(where: \.makesWeightGradient))
    }

    private func canBeTiled(_ work: Work) -> Bool {
        guard case .convolveBackWeights(let layer, _, _) = work else { return work.canBeTiled }
        let convolution = convolutions[layer]
        return convolution.bias == nil
            && ConvolutionPaths(for: convolution.geometry, precision).weightGradient.canAdd
    }

    /// The fewest tiles that are small enough, if there are such: of whole images, or of rows if all works
    /// allow it.
    private func tiles(for works: ArraySlice<Work>) -> Int {
        guard works.count > 1 else { return 1 }
        let largest = works.map { work in Set(work.buffers).reduce(0) { $0 + byteCount(of: $1) } }.max() ?? 0
        let weight = works.compactMap(\.convolution).map { convolutions[$0].geometry.weightCount }.max() ?? 0
        let bytes = max(options.tileBytes, options.tileBytesPerWeightByte * weight * precision.byteCount)
        let rows = rows(of: works) ?? 1
        let counts =
            (1...slice).filter { slice % $0 == 0 } + (1...rows).filter { rows % $0 == 0 }.map { slice * $0 }
        let gradientPixels = gradientPixels(of: works) ?? .max
        let allowed = counts.filter { $0 == 1 || gradientPixels / $0 >= options.gradientPixelsMin }
        return allowed.first { largest / $0 <= bytes } ?? allowed.last ?? 1
    }

    /// Output pixels of the convolution whose weight's gradient is made.
    private func gradientPixels(of works: ArraySlice<Work>) -> Int? {
        for case .convolveBackWeights(let layer, _, _) in works {
            let geometry = convolutions[layer].geometry
            return geometry.images * geometry.outHeight * geometry.outWidth
        }
        return nil
    }

    /// Rows of an image, if every work takes each pixel by itself and a convolution tells how many there are.
    private func rows(of works: ArraySlice<Work>) -> Int? {
        let geometries = works.compactMap(\.convolution).map { convolutions[$0].geometry }
        guard let first = geometries.first else { return nil }
        let pixels = slice * first.inHeight * first.inWidth
        let areAlike = geometries.allSatisfy {
            $0.isPointwise && ($0.inHeight, $0.inWidth) == (first.inHeight, first.inWidth)
        }
        return areAlike && works.allSatisfy { takesPixelsApart($0, pixels) } ? first.inHeight : nil
    }

    /// Whether a work does to each of the slice's pixels what it would do to it alone; convolutions aside.
    private func takesPixelsApart(_ work: Work, _ pixels: Int) -> Bool {
        switch work {
        case .convolve, .convolveBackWeights, .convolveBackData: true
        case .normSums(let layer, _), .normalize(let layer, _, _, _), .normBackSums(let layer, _, _, _),
            .normBackApply(let layer, _, _, _):
            norms[layer].rows == pixels
        case .concatenate(let part, _, _), .concatenateBack(let part, _, _, _): parts[part].rows == pixels
        case .activate(_, _, _, let count), .add(_, _, _, let count), .convert(_, _, let count),
            .copy(_, _, let count), .accumulate(_, _, let count), .activateBack(_, _, _, let count):
            count % pixels == 0
        default: false
        }
    }
}

extension Work {
    /// The layer, of a convolution's pass.
    fileprivate var convolution: Int? {
        switch self {
        case .convolve(let layer, _, _), .convolveBackWeights(let layer, _, _),
            .convolveBackData(let layer, _, _):
            layer
        default: nil
        }
    }
}
