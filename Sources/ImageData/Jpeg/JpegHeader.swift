/// What a JPEG's markers say before its first scan: read here, not by libjpeg, so that sizes are known and
/// limited before anything is allocated, and so that a fault has a name.
///
/// EXIF, JFIF and comments are skipped: the orientation tag is ignored, as in torchvision's ImageFolder.
struct JpegHeader: Equatable {
    var width = 0
    var height = 0
    var components = 0
    /// Whether an Adobe marker is present; four-component pictures with it are stored inverted.
    var hasAdobeMarker = false

    /// 8,192 × 8,192: twice the pixels of the largest image known in ImageNet.
    static let pixelsMax = 1 << 26
    /// No Huffman-coded JPEG says more than 512 pixels in a byte (grayscale, one bit per 8×8 block).
    static let pixelsPerByteMax = 1024

    /// A fault of the file: what, and nothing more; the caller knows the path.
    struct Fault: Error, Equatable {
        let problem: String
    }

    init(_ bytes: [UInt8]) throws(Fault) {
        guard bytes.starts(with: [0xFF, 0xD8]) else { throw Self.notJpeg(bytes) }
        var position = 2
        while true {
            let marker = try Self.nextMarker(bytes, &position)
            if marker == 0x01 || (0xD0...0xD7).contains(marker) { continue }
            guard marker != 0xD8, marker != 0xD9 else {
                throw Fault(
                    problem: marker == 0xD9 ? "is a JPEG without a picture" : "has a second start marker")
            }
            let segment = try Self.segment(bytes, &position)
            switch marker {
            case 0xDA:
                try checkSize(bytes.count)
                return
            case 0xC0...0xCF where marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
                try readFrame(segment, marker)
            case 0xEE:
                if segment.starts(with: Array("Adobe".utf8)) && segment.count >= 12 { hasAdobeMarker = true }
            default:
                break
            }
        }
    }

    private static func notJpeg(_ bytes: [UInt8]) -> Fault {
        if bytes.isEmpty { return Fault(problem: "is empty") }
        return Fault(problem: "is \(FileKind(bytes)?.rawValue ?? "unknown data"), not a JPEG")
    }

    /// Moves past FF (any number of them) and the marker's code.
    private static func nextMarker(_ bytes: [UInt8], _ position: inout Int) throws(Fault) -> UInt8 {
        guard position < bytes.count else { throw truncated }
        guard bytes[position] == 0xFF else {
            throw Fault(problem: "has no JPEG marker at byte \(position), where one is due")
        }
        while position < bytes.count, bytes[position] == 0xFF { position += 1 }
        guard position < bytes.count else { throw truncated }
        position += 1
        return bytes[position - 1]
    }

    /// The contents of the segment at `position`, without its length; moves past it.
    private static func segment(_ bytes: [UInt8], _ position: inout Int) throws(Fault) -> ArraySlice<UInt8> {
        guard position + 2 <= bytes.count else { throw truncated }
        let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
        guard length >= 2 else {
            throw Fault(problem: "has a segment of length \(length) at byte \(position)")
        }
        guard position + length <= bytes.count else { throw truncated }
        defer { position += length }
        return bytes[(position + 2)..<(position + length)]
    }

    private static var truncated: Fault { Fault(problem: "is truncated inside its headers") }

    private mutating func readFrame(_ segment: ArraySlice<UInt8>, _ marker: UInt8) throws(Fault) {
        guard components == 0 else { throw Fault(problem: "has two frame headers") }
        guard [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(marker) else {
            throw Fault(problem: "is of the unsupported frame type SOF\(marker - 0xC0)")
        }
        guard segment.count >= 6 else { throw Fault(problem: "has a frame header of \(segment.count) bytes") }
        let bytes = Array(segment.prefix(6))
        guard bytes[0] == 8 else { throw Fault(problem: "has \(bytes[0])-bit samples, only 8 are read") }
        height = Int(bytes[1]) << 8 | Int(bytes[2])
        width = Int(bytes[3]) << 8 | Int(bytes[4])
        components = Int(bytes[5])
        guard components == 1 || components == 3 || components == 4 else {
            throw Fault(problem: "has \(components) components; 1, 3 and 4 are read")
        }
        guard width > 0, height > 0 else { throw Fault(problem: "has size \(width)×\(height)") }
    }

    private func checkSize(_ byteCount: Int) throws(Fault) {
        guard components > 0 else { throw Fault(problem: "has a scan before its frame header") }
        guard width * height <= Self.pixelsMax else {
            throw Fault(problem: "claims \(width)×\(height) pixels, more than the \(Self.pixelsMax) allowed")
        }
        guard width * height <= byteCount * Self.pixelsPerByteMax else {
            throw Fault(problem: "claims \(width)×\(height) pixels in \(byteCount) bytes, which cannot be")
        }
    }
}
