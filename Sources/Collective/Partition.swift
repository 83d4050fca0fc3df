/// The flat vector of `count` integers cut into parts, one owner each, and each part into blocks, the unit of
/// messages. A pure function of (count, parts): every worker computes the same one.
///
/// Parts are contiguous, in order, and differ by at most one granule: 16,384 elements, or less where parts
/// would get fewer than 8 of those each. A part of a short vector may be empty.
public struct Partition: Equatable, Sendable {
    /// Elements of a block: 512 KiB as they are, so a message is well below 1 MiB even if it does not
    /// compress.
    public static let blockElementsMax = 1 << 17

    /// Elements of the vector.
    public let count: Int
    public let parts: Int
    /// Where parts and blocks may begin: a multiple of this many elements.
    private let granule: Int

    public init(count: Int, parts: Int) {
        precondition(count >= 0, "a vector of \(count) elements")
        precondition(parts >= 1, "a vector cut into \(parts) parts")
        self.count = count
        self.parts = parts
        var granule = 1 << 14
        while granule > 64 && count / granule / 8 < parts { granule /= 2 }
        self.granule = granule
    }

    /// Part `part`'s place in the flat vector.
    public func range(ofPart part: Int) -> Range<Int> {
        precondition(part >= 0 && part < parts, "part \(part) is not in 0..<\(parts)")
        return boundary(part)..<boundary(part + 1)
    }

    /// Where the blocks of a part lie in the flat vector: contiguous, in order, equal but for the last; none
    /// if the part is empty.
    public func blocks(ofPart part: Int) -> [Range<Int>] {
        let range = range(ofPart: part)
        guard !range.isEmpty else { return [] }
        let blocks = (range.count - 1) / Self.blockElementsMax + 1
        let granules = (range.count - 1) / granule + 1
        let size = ((granules - 1) / blocks + 1) * granule
        return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
            $0..<min($0 + size, range.upperBound)
        }
    }

    /// The first element of part `part`; `count` for the part after the last.
    private func boundary(_ part: Int) -> Int {
        let (whole, rest) = (count / granule, count % granule)
        let (each, extra) = ((whole + (rest > 0 ? 1 : 0)) / parts, (whole + (rest > 0 ? 1 : 0)) % parts)
        return min((part * each + min(part, extra)) * granule, count)
    }
}
