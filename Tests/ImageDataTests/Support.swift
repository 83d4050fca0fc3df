import Foundation

@testable import ImageData

/// The folder of shared development data beside the repository; tests over it are left out when it is
/// missing.
enum SharedData {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/data").path

    static let isPresent = FileManager.default.fileExists(atPath: root + "/README.md")
}

/// A folder that lives as long as the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "image-data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes `bytes` to `name`, making the folders on the way.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }
}

extension ImageSet {
    /// Image `index` as an array.
    func image(_ index: Int, _ augmentation: Augmentation.Draw? = nil) throws -> [Float] {
        var pixels = [Float](repeating: .nan, count: elementCount)
        try pixels.withUnsafeMutableBufferPointer { try write(index, augmentation: augmentation, into: $0) }
        return pixels
    }
}

/// The message of the ``DataError`` that `body` throws; nil when it throws none. Any other error is passed
/// on.
func dataError(_ body: () throws -> Void) throws -> String? {
    do {
        try body()
        return nil
    } catch let error as DataError {
        return error.description
    }
}

/// Opens a set in `folder`, only to see what is wrong with it.
func openingError(_ format: DataFormat, _ path: String) throws -> String? {
    try dataError { _ = try openImageSets(DataOptions(format: format, path: path)) }
}
