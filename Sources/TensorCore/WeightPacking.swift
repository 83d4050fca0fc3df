internal import CKernels
internal import COneDNN

/// The way of a weight from the plain layout, fp32, to the one that a pass reads.
struct WeightPacking: Sendable {
    /// Elements of the packed weight, padding included.
    let count: Int
    private let elements: ElementType
    private let way: Way
    /// Whether there are elements that no element of the plain weight goes to; they are zero.
    private let hasPadding: Bool

    private enum Way: Sendable {
        case copy
        case place(WeightLayout)
        case depthwise(channels: Int, taps: Int)
    }

    /// For a pass of oneDNN, which reads the weight in the `native` form of `layout`.
    init(
        _ geometry: ConvolutionGeometry, native: dnnl_memory_desc_t, layout: WeightLayout,
        _ elements: ElementType
    ) {
        self.elements = elements
        count = OneDNN.byteCount(native) / elements.byteCount
        hasPadding = count > geometry.weightCount
        way = layout.isPlain && elements == .fp32 ? .copy : .place(layout.spelledOut)
    }

    /// For the loops of depthwise convolutions.
    init(depthwise geometry: ConvolutionGeometry, _ elements: ElementType) {
        self.elements = elements
        count = geometry.weightCount
        hasPadding = false
        way = .depthwise(channels: geometry.outChannels, taps: geometry.kernel * geometry.kernel)
    }

    /// Rounds to nearest even if the packed weight is bf16. Any thread.
    func pack(_ weight: UnsafePointer<Float>, into packed: UnsafeMutableRawPointer) {
        let single = packed.assumingMemoryBound(to: Float.self)
        let half = packed.assumingMemoryBound(to: UInt16.self)
        if hasPadding {
            packed.initializeMemory(as: UInt8.self, repeating: 0, count: count * elements.byteCount)
        }
        switch (way, elements) {
        case (.copy, _):
            single.update(from: weight, count: count)
        case (.place(let layout), .fp32):
            layout.withPlaces { espalier_pack(weight, $0, single) }
        case (.place(let layout), .bf16):
            layout.withPlaces { espalier_pack_bf16(weight, $0, half) }
        case (.depthwise(let channels, let taps), .fp32):
            espalier_depthwise_pack(weight, channels, taps, single)
        case (.depthwise(let channels, let taps), .bf16):
            espalier_depthwise_pack_bf16(weight, channels, taps, half)
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

    fileprivate func withPlaces(_ body: (espalier_places) -> Void) {
        rowStarts.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
                body(
                    espalier_places(
                        rows: rows.baseAddress, row_count: rows.count, columns: columns.baseAddress,
                        column_count: columns.count))
            }
        }
    }
}
