import Foundation
import Glibc
import Observe

/// Small files that must survive a power cut once written.
enum DurableFile {
    /// Writes under a temporary name, syncs, renames, syncs the folder.
    static func write(_ data: Data, to path: String) throws(ObserveError) {
        let temporary = path + ".tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(temporary) }
        defer { close(descriptor) }
        var offset = 0
        while offset < data.count {
            let count = data.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + offset, data.count - offset)
            }
            guard count >= 0 || errno == EINTR else { throw failure(temporary) }
            offset += max(count, 0)
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure(path) }
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure(path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> ObserveError {
        ObserveError(path, String(cString: strerror(errno)))
    }
}
