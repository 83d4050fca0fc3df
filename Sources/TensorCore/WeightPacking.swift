internal import CKernels
internal import COneDNN

/// The way of a weight from the plain layout, fp32, to the one that a pass reads.
struct WeightPacking: Sendable {
    /// Elements of the packed weight, padding included.
    let count: Int
    private let elements: ElementType
    private let way: Way

    private enum Way: Sendable {
        case copy
        case reorder(Primitive, from: dnnl_memory_desc_t, to: dnnl_memory_desc_t)
        /// The `taps` of each filter are reversed first; `count` elements.
        case turned(Primitive, from: dnnl_memory_desc_t, to: dnnl_memory_desc_t, taps: Int, count: Int)
        case depthwise(channels: Int, taps: Int)
    }

    /// For a pass of oneDNN. `turnedTaps`: reverse so many taps first; 1 changes nothing.
    init(
        plain: dnnl_memory_desc_t, native: dnnl_memory_desc_t, _ elements: ElementType, turnedTaps: Int = 1
    ) throws(EngineError) {
        self.elements = elements
        count = OneDNN.byteCount(native) / elements.byteCount
        if turnedTaps == 1, OneDNN.areEqual(plain, native) {
            way = .copy
            return
        }
        let reorder = try Primitive.reorder("pack a weight", from: plain, to: native)
        way =
            turnedTaps == 1
            ? .reorder(reorder, from: plain, to: native)
            : .turned(
                reorder, from: plain, to: native, taps: turnedTaps, count: OneDNN.byteCount(plain) / 4)
    }

    /// For the loops of depthwise convolutions.
    init(depthwise geometry: ConvolutionGeometry, _ elements: ElementType) {
        self.elements = elements
        count = geometry.weightCount
        way = .depthwise(channels: geometry.outChannels, taps: geometry.kernel * geometry.kernel)
    }

    /// Rounds to nearest even if the packed weight is bf16. Any thread.
    func pack(_ weight: UnsafePointer<Float>, into packed: UnsafeMutableRawPointer) {
        switch way {
        case .copy:
            packed.copyMemory(from: weight, byteCount: count * elements.byteCount)
        case .reorder(let primitive, let plain, let native):
            Self.run(primitive, weight, plain, packed, native)
        case .turned(let primitive, let plain, let native, let taps, let count):
            let turned = UnsafeMutablePointer<Float>.allocate(capacity: count)
            defer { turned.deallocate() }
            for first in stride(from: 0, to: count, by: taps) {
                for tap in 0..<taps { turned[first + tap] = weight[first + taps - 1 - tap] }
            }
            Self.run(primitive, turned, plain, packed, native)
        case .depthwise(let channels, let taps):
            switch elements {
            case .fp32:
                espalier_depthwise_pack(
                    weight, channels, taps, packed.assumingMemoryBound(to: Float.self))
            case .bf16:
                espalier_depthwise_pack_bf16(
                    weight, channels, taps, packed.assumingMemoryBound(to: UInt16.self))
            }
        }
    }

    private static func run(
        _ primitive: Primitive, _ weight: UnsafePointer<Float>, _ plain: dnnl_memory_desc_t,
        _ packed: UnsafeMutableRawPointer, _ native: dnnl_memory_desc_t
    ) {
        // A few small objects once a step; the caller may be any thread.
        do {
            let invocation = try Invocation(
                primitive, Scratch(), [(DNNL_ARG_FROM, plain), (DNNL_ARG_TO, native)])
            invocation.run(weight, packed)
        } catch {
            fatalError(error.description)
        }
    }
}
