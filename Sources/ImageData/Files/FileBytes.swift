import Glibc

/// Reads whole regular files of bounded size. A pipe, a device or a folder in a file's place is an error, not a hang.
enum FileBytes {
    /// Appends nothing and keeps the buffer's memory: after the call `buffer` holds exactly the bytes of `path`.
    static func read(_ path: String, bytesMax: Int, into buffer: inout [UInt8]) throws(DataError) {
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
        if buffer.count < size {
            buffer.append(contentsOf: repeatElement(0, count: size - buffer.count))
        } else {
            buffer.removeLast(buffer.count - size)
        }
        let (got, code) = fill(&buffer, from: file)
        guard code == 0 else { throw Folder.missing(path, code) }
        guard got == size else {
            throw DataError(
                "ended after \(got) of \(size) bytes", at: path,
                advice: "do not change the data while it is in use")
        }
    }

    static func read(_ path: String, bytesMax: Int) throws(DataError) -> [UInt8] {
        var buffer: [UInt8] = []
        try read(path, bytesMax: bytesMax, into: &buffer)
        return buffer
    }

    /// Bytes read, and errno or 0.
    private static func fill(_ buffer: inout [UInt8], from file: Int32) -> (count: Int, code: Int32) {
        buffer.withUnsafeMutableBytes { bytes in
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
}
