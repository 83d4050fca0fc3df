import Digest
import Glibc

/// One owned file descriptor; closed in `deinit`. System calls of this module that move bytes are here, and
/// their return codes become errors here.
///
/// Reads give the position (`pread`), so any number of threads may read at once. There is no memory map: a
/// file that shrinks under a map kills the process, while a short read is an error like any other.
struct OpenFile: ~Copyable, Sendable {
    private let descriptor: CInt
    let path: String

    init(reading path: String) throws(CheckpointError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        if descriptor < 0 { throw Self.systemError(errno == ENOENT ? .missing : .unreadable, path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.systemError(.unreadable, path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CheckpointError(.unreadable, path, "not a regular file")
        }
    }

    /// Creates or empties the file.
    init(writing path: String) throws(CheckpointError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        self.path = path
        if descriptor < 0 { throw Self.systemError(.unwritable, path) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Bytes in the file now.
    func size() throws(CheckpointError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.systemError(.unreadable, path) }
        return Int(status.st_size)
    }

    /// Fills `destination` from byte `position` on; an end of file before that is damage.
    func read(at position: Int, into destination: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
        var done = 0
        while done < destination.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: destination[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(position + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                let end = position + destination.count
                throw CheckpointError(.damaged, path, "ends at byte \(position + done), \(end) expected")
            } else if errno != EINTR {
                throw Self.systemError(.unreadable, path)
            }
        }
    }

    /// Appends all of `source` at the file's current position.
    func write(_ source: UnsafeRawBufferPointer) throws(CheckpointError) {
        var done = 0
        while done < source.count {
            let rest = UnsafeRawBufferPointer(rebasing: source[done...])
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw Self.systemError(.unwritable, path)
            }
        }
    }

    func write(_ source: [UInt8]) throws(CheckpointError) {
        try source.withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
            try write(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Returns when the content is on the disk.
    func synchronize() throws(CheckpointError) {
        guard fsync(descriptor) == 0 else { throw Self.systemError(.unwritable, path) }
    }

    /// Drops the file's pages from memory, so that what is read next comes from the disk. A hint: it cannot
    /// fail.
    func forget() {
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    func sha256() throws(CheckpointError) -> String {
        var hash = SHA256()
        try forEachChunk(of: 0..<size()) { hash.update($0) }
        return hash.finish()
    }

    /// Reads `range` in pieces of at most 1 MiB, in order.
    func forEachChunk(
        of range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(CheckpointError) {
        let chunkBytes = 1 << 20
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(chunkBytes, max(1, range.count)), alignment: 64)
        defer { buffer.deallocate() }
        var position = range.lowerBound
        while position < range.upperBound {
            let chunk = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<min(chunkBytes, range.upperBound - position)])
            try read(at: position, into: chunk)
            body(UnsafeRawBufferPointer(chunk))
            position += chunk.count
        }
    }

    /// The error of the last system call, in words.
    static func systemError(_ kind: CheckpointError.Kind, _ path: String) -> CheckpointError {
        CheckpointError(kind, path, String(cString: strerror(errno)))
    }
}
