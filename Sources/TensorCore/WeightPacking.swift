internal import CKernels
internal import COneDNN

/// The way of a weight from the plain layout, fp32, to the one that a pass reads.
struct WeightPacking: Sendable {
    /// Elements of the packed weight, padding included.
    let count: Int
    /// Rows of the plain weight that may be packed apart, by different threads; 1: all at once.
    let rows: Int
    private let elements: ElementType
    private let way: Way
    /// Whether there are elements that no element of the plain weight goes to; they are zero.
    private let hasPadding: Bool

    private enum Way: Sendable {
        case copy
        case place(WeightLayout)
        case phases(PhasedGradient, rowLength: Int)
        case depthwise(channels: Int, taps: Int)
        case pointwise(rows: Int, columns: Int, isTurned: Bool)
        case amx(AmxConvolution, AmxConvolution.Pass)
    }

    /// For a pass of oneDNN, which reads the weight in the `native` form of `layout`.
    init(
        _ geometry: ConvolutionGeometry, native: dnnl_memory_desc_t, layout: WeightLayout,
        _ elements: ElementType
    ) {
        self.elements = elements
        count = OneDNN.byteCount(native) / elements.byteCount
        hasPadding = count > geometry.weightCount
        rows = hasPadding ? 1 : layout.rows
        way = layout.isPlain && elements == .fp32 ? .copy : .place(layout.spelledOut)
    }

    /// For the convolutions that a strided one's input gradient consists of, in fp32.
    init(_ geometry: ConvolutionGeometry, _ gradient: PhasedGradient) {
        elements = .fp32
        count = gradient.weightCount
        hasPadding = count > geometry.weightCount
        rows = hasPadding ? 1 : geometry.outChannels
        way = .phases(gradient, rowLength: geometry.weightCount / geometry.outChannels)
    }

    /// For the loops of depthwise convolutions.
    init(depthwise geometry: ConvolutionGeometry, _ elements: ElementType) {
        self.elements = elements
        count = geometry.weightCount
        hasPadding = false
        rows = 1
        way = .depthwise(channels: geometry.outChannels, taps: geometry.kernel * geometry.kernel)
    }

    /// For our own products of 1×1 convolutions; turned: for the gradient of the input.
    init(pointwise geometry: ConvolutionGeometry, _ elements: ElementType, turned: Bool) {
        self.elements = elements
        let (rows, columns) = (geometry.outChannels, geometry.inChannels)
        let (inputs, outputs) = turned ? (rows, columns) : (columns, rows)
        count =
            switch elements {
            case .fp32: espalier_pointwise_weight_count(inputs, outputs)
            case .bf16: espalier_pointwise_weight_count_bf16(inputs, outputs)
            }
        // There is, but the code that packs fills it.
        hasPadding = false
        self.rows = rows
        way = .pointwise(rows: rows, columns: columns, isTurned: turned)
    }

    /// For the matrix unit; what is packed apart is not rows but channels of what the pass makes.
    init(_ convolution: AmxConvolution, _ pass: AmxConvolution.Pass) {
        elements = .bf16
        count = convolution.weightCount(pass)
        // The code that packs fills it.
        hasPadding = false
        rows = convolution.channels(pass)
        way = .amx(convolution, pass)
    }

    /// Rounds to nearest even if the packed weight is bf16. Any thread.
    /// - Parameter rows: of `self.rows`; nil: all.
    func pack(
        _ weight: UnsafePointer<Float>, rows taken: Range<Int>? = nil, into packed: UnsafeMutableRawPointer
    ) {
        let taken = taken ?? 0..<rows
        let single = packed.assumingMemoryBound(to: Float.self)
        let half = packed.assumingMemoryBound(to: UInt16.self)
        if hasPadding {
            packed.initializeMemory(as: UInt8.self, repeating: 0, count: count * elements.byteCount)
        }
        switch (way, elements) {
        case (.copy, _):
            let length = count / rows
            let start = taken.lowerBound * length
            (single + start).update(from: weight + start, count: taken.count * length)
        case (.place(let layout), .fp32):
            layout.withPlaces(taken, rows) { espalier_pack(weight + $0, $1, single) }
        case (.place(let layout), .bf16):
            layout.withPlaces(taken, rows) { espalier_pack_bf16(weight + $0, $1, half) }
        case (.phases(let gradient, let rowLength), _):
            for phase in gradient.phases {
                phase.layout.withPlaces(taken, rows) { start, places in
                    let first = start / phase.columns.count * rowLength
                    espalier_pack_columns(weight + first, rowLength, phase.columns, places, single)
                }
            }
        case (.depthwise(let channels, let taps), .fp32):
            espalier_depthwise_pack(weight, channels, taps, single)
        case (.depthwise(let channels, let taps), .bf16):
            espalier_depthwise_pack_bf16(weight, channels, taps, half)
        case (.amx(let convolution, let pass), _):
            convolution.pack(weight, pass, channels: taken, into: half)
        case (.pointwise(let rows, let columns, let isTurned), _):
            var part = espalier_pointwise_part(
                rows: rows, columns: columns, first: taken.lowerBound, end: taken.upperBound)
            switch (elements, isTurned) {
            case (.fp32, false): espalier_pointwise_pack(weight, &part, single)
            case (.fp32, true): espalier_pointwise_pack_turned(weight, &part, single)
            case (.bf16, false): espalier_pointwise_pack_bf16(weight, &part, half)
            case (.bf16, true): espalier_pointwise_pack_turned_bf16(weight, &part, half)
            }
        }
    }
}

extension WeightLayout {
    /// The same layout with tables even if it is the plain one.
    fileprivate var spelledOut: WeightLayout {
        guard isPlain else { return self }
        return WeightLayout(
            rowStarts: (0..<rows).map { Int32($0 * rowLength) }, columns: (0..<rowLength).map { Int32($0) })
    }

    /// - Parameters:
    ///   - taken: of `parts` parts of the layout, which are rows or all there is.
    ///   - body: gets the first element, of those that have places, and the places from there on.
    fileprivate func withPlaces(
        _ taken: Range<Int>, _ parts: Int, _ body: (_ start: Int, espalier_places) -> Void
    ) {
        let taken = parts == rows ? taken : 0..<rows
        rowStarts.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
                body(
                    taken.lowerBound * columns.count,
                    espalier_places(
                        rows: rows.baseAddress.map { $0 + taken.lowerBound }, row_count: taken.count,
                        columns: columns.baseAddress, column_count: columns.count))
            }
        }
    }
}
