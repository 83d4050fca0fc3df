import CTurboJPEG

/// Decodes JPEGs to interleaved RGB bytes, for one thread at a time; sole owner of a TurboJPEG handle and of
/// the buffers that decoding needs, which are reused from image to image.
///
/// Rules: any warning of libjpeg (data missing, bad codes, stray bytes, even a missing end marker) is an
/// error; bytes after the end marker are ignored; a file without Huffman tables is decoded with the standard
/// ones; grayscale becomes three equal channels; CMYK is converted, inverted first when an Adobe marker is
/// present.
final class JpegDecoder {
    static let fileBytesMax = 64 << 20
    /// Memory that a decoder at rest may keep; larger buffers are given back.
    static let restingBytesMax = 32 << 20

    private let handle: tjhandle
    private var pixels = PixelBuffer()
    private var inks = PixelBuffer()
    /// Scratch for resampling, and its result.
    var rows = PixelBuffer()
    var output = PixelBuffer()

    init() throws(DataError) {
        guard let handle = tjInitDecompress() else {
            throw DataError(
                "cannot start (\(String(cString: tjGetErrorStr2(nil))))", at: "libjpeg-turbo",
                advice: "check the memory left and the installed libturbojpeg")
        }
        self.handle = handle
    }

    deinit { tjDestroy(handle) }

    /// Reads and decodes the file at `path`.
    func decode(path: String) throws(DataError) -> RGBImage {
        let file = try FileBytes.read(path, bytesMax: Self.fileBytesMax)
        do {
            return try decode(file)
        } catch {
            throw DataError(
                error.problem, at: path,
                advice: "replace the file by a good JPEG or take it out of the data set")
        }
    }

    /// Frees what a large image left behind.
    func rest() {
        if pixels.capacity > Self.restingBytesMax { pixels = PixelBuffer() }
        if inks.capacity > Self.restingBytesMax { inks = PixelBuffer() }
        if rows.capacity > Self.restingBytesMax { rows = PixelBuffer() }
    }

    private func decode(_ file: [UInt8]) throws(JpegHeader.Fault) -> RGBImage {
        let header = try JpegHeader(file)
        let area = header.width * header.height
        pixels.reserve(3 * area)
        if header.components == 4 {
            inks.reserve(4 * area)
            try decompress(file, header, TJPF_CMYK, bytesPerPixel: 4, into: inks.pointer)
            convertInks(area, areInverted: header.hasAdobeMarker)
        } else {
            try decompress(file, header, TJPF_RGB, bytesPerPixel: 3, into: pixels.pointer)
        }
        return RGBImage(bytes: UnsafePointer(pixels.pointer), width: header.width, height: header.height)
    }

    /// `output` has room for the header's size, and TurboJPEG, told that size, never writes more.
    private func decompress(
        _ file: [UInt8], _ header: JpegHeader, _ format: TJPF, bytesPerPixel: Int,
        into output: UnsafeMutablePointer<UInt8>
    ) throws(JpegHeader.Fault) {
        let status = tjDecompress2(
            handle, file, UInt(file.count), output, Int32(header.width), Int32(header.width * bytesPerPixel),
            Int32(header.height), Int32(format.rawValue), TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
        guard status == 0 else {
            let message = String(decoding: cString(tjGetErrorStr2(handle)), as: UTF8.self)
            throw JpegHeader.Fault(problem: "is a damaged JPEG (\(message))")
        }
    }

    private func cString(_ pointer: UnsafePointer<CChar>) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < 200, pointer[bytes.count] != 0 {
            bytes.append(UInt8(bitPattern: pointer[bytes.count]))
        }
        return bytes
    }

    /// CMYK to RGB without colour profiles: light = (255 − ink) · (255 − black) / 255, as Pillow does.
    private func convertInks(_ area: Int, areInverted: Bool) {
        let flip: UInt8 = areInverted ? 0xFF : 0
        for pixel in 0..<area {
            let ink = inks.pointer + 4 * pixel
            let light = pixels.pointer + 3 * pixel
            let white = 255 - Int(ink[3] ^ flip)
            for channel in 0..<3 {
                let product = Int(ink[channel] ^ flip) * white + 128
                light[channel] = UInt8(max(0, white - (product >> 8 + product) >> 8))
            }
        }
    }
}

/// A decoded picture: width · height pixels of R, G, B. The bytes belong to the decoder, until its next
/// image.
struct RGBImage {
    let bytes: UnsafePointer<UInt8>
    let width: Int
    let height: Int
}
