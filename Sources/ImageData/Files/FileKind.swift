/// What a file is by its first bytes, for naming it in an error when it is not what its name says.
enum FileKind: String {
    case jpeg = "a JPEG"
    case png = "a PNG"
    case gif = "a GIF"
    case bmp = "a BMP"
    case webp = "a WebP or other RIFF file"
    case tiff = "a TIFF"
    case gzip = "gzip data"
    case zip = "a zip archive"
    case pickle = "a Python pickle"
    case text = "text or HTML"
    case zeros = "all zero bytes"

    init?(_ bytes: [UInt8]) {
        func starts(_ first: UInt8...) -> Bool { bytes.starts(with: first) }
        if starts(0xFF, 0xD8) {
            self = .jpeg
        } else if starts(0x89, 0x50, 0x4E, 0x47) {
            self = .png
        } else if starts(0x47, 0x49, 0x46, 0x38) {
            self = .gif
        } else if starts(0x42, 0x4D) {
            self = .bmp
        } else if starts(0x52, 0x49, 0x46, 0x46) {
            self = .webp
        } else if starts(0x49, 0x49, 0x2A, 0) || starts(0x4D, 0x4D, 0, 0x2A) {
            self = .tiff
        } else if starts(0x1F, 0x8B) {
            self = .gzip
        } else if starts(0x50, 0x4B, 3, 4) {
            self = .zip
        } else if bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
            self = .pickle
        } else if let first = bytes.first, first != 0, Self.isText(bytes) {
            self = .text
        } else if !bytes.isEmpty, bytes.prefix(64).allSatisfy({ $0 == 0 }) {
            self = .zeros
        } else {
            return nil
        }
    }

    private static func isText(_ bytes: [UInt8]) -> Bool {
        bytes.prefix(64).allSatisfy { (0x20..<0x7F).contains($0) || (9...13).contains($0) }
    }
}
