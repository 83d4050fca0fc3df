import Foundation
import Glibc

/// Folders: made, listed, renamed and removed so that what is reported as done is on the disk.
enum Folder {
    /// Makes the folder and those above it; fine if it is there already.
    static func create(_ path: String) throws(CheckpointError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw CheckpointError(.unwritable, path, reason(error))
        }
    }

    /// Makes one new folder; it is an error if something of that name is there.
    static func createNew(_ path: String) throws(CheckpointError) {
        guard mkdir(path, 0o755) == 0 else { throw OpenFile.systemError(.unwritable, path) }
    }

    /// Names in the folder, sorted.
    static func names(_ path: String) throws(CheckpointError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            let kind: CheckpointError.Kind = exists(path) ? .unreadable : .missing
            throw CheckpointError(kind, path, reason(error))
        }
    }

    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    static func remove(_ path: String) throws(CheckpointError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw CheckpointError(.unwritable, path, "cannot be removed: \(reason(error))")
        }
    }

    static func rename(_ old: String, to new: String) throws(CheckpointError) {
        guard Glibc.rename(old, new) == 0 else { throw OpenFile.systemError(.unwritable, new) }
    }

    /// Returns when the names in the folder are on the disk.
    static func synchronize(_ path: String) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OpenFile.systemError(.unwritable, path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw OpenFile.systemError(.unwritable, path) }
    }

    /// The system's words for why something failed, on one line.
    static func reason(_ error: any Error) -> String {
        let outer = error as NSError
        let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError
        if let code = [inner, outer].compactMap(\.self).first(where: { $0.domain == NSPOSIXErrorDomain })?
            .code
        {
            return String(cString: strerror(CInt(code)))
        }
        return error.localizedDescription.replacingOccurrences(of: "\n", with: " ")
    }
}
