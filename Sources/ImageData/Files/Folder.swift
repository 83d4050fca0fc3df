import Glibc

/// Listing and reading with every fault turned into a ``DataError``: the only place of ImageData that calls
/// the file system.
enum Folder {
    struct Entry {
        let name: String
        let isFolder: Bool
        let bytes: Int
        let identity: Identity
    }

    /// Tells whether two paths lead to the same thing.
    struct Identity: Hashable {
        let device: UInt
        let node: UInt
    }

    static let nameBytesMax = 255

    /// The entries of folder `path` whose names do not start with a dot, sorted by the bytes of their names.
    /// Links are followed; what is neither file nor folder is left out.
    static func entries(_ path: String) throws(DataError) -> [Entry] {
        guard let handle = opendir(path) else { throw missing(path, errno) }
        defer { closedir(handle) }
        var entries: [Entry] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let name else {
                throw DataError(
                    "holds a file name that is not UTF-8", at: path, advice: "rename or remove that file")
            }
            if name.hasPrefix(".") { continue }
            var status = stat()
            guard fstatat(dirfd(handle), name, &status, 0) == 0 else {
                throw missing(path + "/" + name, errno)
            }
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFDIR || kind == S_IFREG else { continue }
            let identity = Identity(device: UInt(status.st_dev), node: UInt(status.st_ino))
            entries.append(
                Entry(name: name, isFolder: kind == S_IFDIR, bytes: Int(status.st_size), identity: identity))
        }
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return entries
    }

    /// Whether `path` is a folder; false when there is nothing there.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Checks that `path` is a folder.
    static func require(_ path: String, what: String) throws(DataError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw missing(path, errno, what: what) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw DataError(
                "is not a folder", at: path, advice: "give the folder of the unpacked data set as data.path")
        }
    }

    /// Whether `name` can be used below a folder without leaving it.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= nameBytesMax
            && name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != 0 }
    }

    static func missing(_ path: String, _ code: Int32, what: String = "") -> DataError {
        let advice = "check data.path and that the data set is complete and readable"
        if code == ENOENT {
            return DataError(
                what.isEmpty ? "does not exist" : "no such folder (\(what))", at: path, advice: advice)
        }
        return DataError("cannot be read (\(String(cString: strerror(code))))", at: path, advice: advice)
    }
}
