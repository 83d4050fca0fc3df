internal import CKernels
internal import COneDNN

/// The input's gradient of a convolution with a stride, in fp32, as forward convolutions of the output's
/// gradient, one for each phase: the place that a pixel has within the stride. Pixels of one phase are under
/// the same taps.
struct PhasedGradient: Sendable {
    /// The pixels of one phase, and what computes their gradients into memory of their own.
    struct Phase: Sendable {
        let primitive: Primitive
        /// Where its part of the packed weight begins, in elements.
        let weight: Int
        /// Columns of the plain weight that are in that part, and where they and all rows lie.
        let columns: [Int32]
        let layout: WeightLayout
        fileprivate let down: Axis
        fileprivate let across: Axis
    }

    let phases: [Phase]
    /// Elements of the packed weight, padding included.
    let weightCount: Int
    private let geometry: ConvolutionGeometry
    /// Whether there are pixels that no tap is over.
    private let hasGaps: Bool
    private let primitivesByteCount: Int

    /// Nil if some output is read by no pixel, which oneDNN's forward convolutions cannot leave out.
    init?(_ geometry: ConvolutionGeometry) throws(EngineError) {
        self.geometry = geometry
        let g = geometry
        let axes = (
            down: (0..<g.stride).map { Axis($0, g, inputs: g.inHeight, outputs: g.outHeight) },
            across: (0..<g.stride).map { Axis($0, g, inputs: g.inWidth, outputs: g.outWidth) }
        )
        hasGaps = (axes.down + axes.across).contains { $0.taps == 0 && $0.pixels > 0 }
        var phases: [Phase] = []
        var count = 0
        for down in axes.down {
            for across in axes.across where !down.isEmpty && !across.isEmpty {
                guard down.isPadded, across.isPadded else { return nil }
                let phase = try Phase(g, down, across, weight: count)
                phases.append(phase)
                let packed = OneDNN.byteCount(phase.primitive.tensor(dnnl_query_weights_md))
                count += packed / MemoryLayout<Float>.size
            }
        }
        self.phases = phases
        weightCount = count
        primitivesByteCount = ((phases.map(\.primitive.scratchByteCount).max() ?? 0) + 63) / 64 * 64
    }

    /// Of the thread's memory: what primitives want, and behind it a phase's pixels.
    var scratchByteCount: Int {
        primitivesByteCount + (phases.map { pixelCount($0) * pixelByteCount }.max() ?? 0)
    }

    private var pixelByteCount: Int { geometry.inChannels * MemoryLayout<Float>.size }
    private func pixelCount(_ phase: Phase) -> Int {
        geometry.images * phase.down.pixels * phase.across.pixels
    }

    /// - Parameter passes: of each phase, its primitive with (output's gradient, weight, pixels).
    func run(
        _ outputGradient: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ inputGradient: UnsafeMutableRawPointer, passes: [Invocation], _ scratch: Scratch
    ) {
        if hasGaps {
            inputGradient.initializeMemory(
                as: UInt8.self, repeating: 0, count: geometry.inputCount * MemoryLayout<Float>.size)
        }
        let pixels = UnsafeMutableRawPointer(scratch.memory.pointer) + primitivesByteCount
        for index in phases.indices {
            let start = phases[index].weight * MemoryLayout<Float>.size
            passes[index].run(outputGradient, weight + start, pixels)
            put(pixels, of: phases[index], into: inputGradient)
        }
    }

    private func put(
        _ pixels: UnsafeMutableRawPointer, of phase: Phase, into inputGradient: UnsafeMutableRawPointer
    ) {
        let (down, across) = (phase.down, phase.across)
        for image in 0..<geometry.images {
            for y in 0..<down.pixels {
                let row = image * geometry.inHeight + down.firstPixel + y * geometry.stride
                let target = row * geometry.inWidth + across.firstPixel
                espalier_copy_rows(
                    pixels + (image * down.pixels + y) * across.pixels * pixelByteCount, pixelByteCount,
                    inputGradient + target * pixelByteCount, geometry.stride * pixelByteCount, across.pixels,
                    pixelByteCount)
            }
        }
    }
}

/// A phase along one side of an image, as integers of Swift's.
private struct Axis: Sendable {
    let taps: Int
    /// The first of a pixel's outputs reads through it, each next one through the tap a stride before.
    let lastTap: Int
    let pixels: Int
    let firstPixel: Int
    /// Outputs that are not there, before the first and behind the last.
    let before: Int
    let after: Int

    init(_ place: Int, _ g: ConvolutionGeometry, inputs: Int, outputs: Int) {
        let phase = withUnsafePointer(to: g.shape) { espalier_phase_of($0, place, inputs) }
        taps = phase.taps
        lastTap = phase.last_tap
        pixels = phase.pixels
        firstPixel = phase.first_pixel
        before = taps - 1 - phase.last_output
        after = phase.last_output + pixels - outputs
    }

    var isEmpty: Bool { taps == 0 || pixels == 0 }
    var isPadded: Bool { before >= 0 && after >= 0 }
}

extension PhasedGradient.Phase {
    fileprivate init(
        _ g: ConvolutionGeometry, _ down: Axis, _ across: Axis, weight: Int
    ) throws(EngineError) {
        primitive = try Self.makePrimitive(g, down, across)
        let places = try WeightLayout.places(
            primitive.tensor(dnnl_query_weights_md),
            sizes: [g.inChannels, g.outChannels, down.taps, across.taps])
        var (from, to): ([Int32], [Int32]) = ([], [])
        for channel in 0..<g.inChannels {
            for y in 0..<down.taps {
                for x in 0..<across.taps {
                    let (tapRow, tapColumn) = (down.lastTap - g.stride * y, across.lastTap - g.stride * x)
                    from.append(Int32((channel * g.kernel + tapRow) * g.kernel + tapColumn))
                    to.append(Int32(weight) + places[0][channel] + places[2][y] + places[3][x])
                }
            }
        }
        columns = from
        layout = WeightLayout(rowStarts: places[1], columns: to)
        self.weight = weight
        self.down = down
        self.across = across
    }

    private static func makePrimitive(
        _ g: ConvolutionGeometry, _ down: Axis, _ across: Axis
    ) throws(EngineError) -> Primitive {
        let operation = "build the input gradient of the convolution \(g)"
        var input = try OneDNN.description(
            [g.images, g.outChannels, g.outHeight, g.outWidth], dnnl_nhwc)
        var weight = try OneDNN.description(
            [g.inChannels, g.outChannels, down.taps, across.taps], dnnl_format_tag_any)
        var output = try OneDNN.description(
            [g.images, g.inChannels, down.pixels, across.pixels], dnnl_nhwc)
        var descriptor = dnnl_convolution_desc_t()
        let status = dnnl_convolution_forward_desc_init(
            &descriptor, dnnl_forward_training, dnnl_convolution_direct, &input, &weight, nil, &output,
            [1, 1],
            [Int64(down.before), Int64(across.before)], [Int64(down.after), Int64(across.after)])
        try OneDNN.check(status, operation)
        return try Primitive(operation, &descriptor)
    }
}
