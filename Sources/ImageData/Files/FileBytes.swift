import Glibc

/// Reads whole regular files of bounded size. A pipe, a device or a folder in a file's place is an error, not
/// a hang.
enum FileBytes {
    /// The bytes of the file at `path`.
    static func read(_ path: String, bytesMax: Int) throws(DataError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw Folder.missing(path, errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Folder.missing(path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DataError("is not a regular file", at: path, advice: "replace it by the data set's file")
        }
        let size = Int(status.st_size)
        guard size <= bytesMax else {
            throw DataError(
                "has \(size) bytes, more than the \(bytesMax) allowed for such a file", at: path,
                advice: "check that it is the data set's file")
        }
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            (count, code) = fill(UnsafeMutableRawBufferPointer(buffer), from: file)
        }
        guard code == 0 else { throw Folder.missing(path, code) }
        guard bytes.count == size else {
            throw DataError(
                "ended after \(bytes.count) of \(size) bytes", at: path,
                advice: "do not change the data while it is in use")
        }
        return bytes
    }

    /// Reads until the buffer is full or the file ends: bytes read, and errno or 0.
    private static func fill(_ bytes: UnsafeMutableRawBufferPointer, from file: Int32) -> (Int, Int32) {
        var count = 0
        while count < bytes.count {
            let got = Glibc.read(file, bytes.baseAddress! + count, bytes.count - count)
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                return (count, errno)
            }
            count += got
        }
        return (count, 0)
    }
}
