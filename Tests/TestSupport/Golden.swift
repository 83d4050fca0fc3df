public import Checkpoint
public import Foundation

/// Where the golden reference values are. Tests that need them are tables over the files of a folder and are
/// disabled where there is none: `@Test(.enabled(if: Golden.folder("step") != nil), arguments:
/// Golden.files("step", …))`.
public enum Golden {
    /// The package's root folder.
    public static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The folder `sub` of the golden values: in ESPALIER_GOLDEN if that is set, else in ../shared/golden,
    /// else in Tests/Fixtures/golden. Nil when it does not exist.
    public static func folder(_ sub: String = "") -> URL? {
        let roots: [URL]
        if let chosen = ProcessInfo.processInfo.environment["ESPALIER_GOLDEN"], !chosen.isEmpty {
            roots = [URL(filePath: chosen)]
        } else {
            roots = [
                packageRoot.appending(path: "../shared/golden").standardized,
                packageRoot.appending(path: "Tests/Fixtures/golden"),
            ]
        }
        return roots.map { sub.isEmpty ? $0 : $0.appending(path: sub) }.first {
            FileManager.default.fileExists(atPath: $0.path)
        }
    }

    /// The files of the golden folder `sub` whose names start and end so, in name order; none without the
    /// folder.
    public static func files(
        _ sub: String, prefix: String = "", suffix: String = ".safetensors"
    ) -> [GoldenFile] {
        guard let folder = folder(sub),
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        else { return [] }
        return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }.sorted()
            .map { GoldenFile(url: folder.appending(path: $0)) }
    }

    /// The file `name` (with folders) of the golden values, nil when it does not exist.
    public static func file(_ name: String) -> GoldenFile? {
        folder(name).map { GoldenFile(url: $0) }
    }
}

/// One file of golden values, shown by its name in a test's list of arguments.
public struct GoldenFile: Sendable, CustomStringConvertible {
    public let url: URL

    /// The name without its extension.
    public var stem: String { url.deletingPathExtension().lastPathComponent }

    public var description: String { url.lastPathComponent }

    /// The file beside this one with the same stem and another extension.
    public func sibling(_ pathExtension: String) -> GoldenFile {
        GoldenFile(url: url.deletingPathExtension().appendingPathExtension(pathExtension))
    }

    public func tensors() throws -> SafetensorsFile {
        try SafetensorsFile(path: url.path)
    }

    /// The file's JSON as `Value`.
    public func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: url))
    }

    /// The file's JSON as dictionaries, arrays, numbers and strings, for files without a fixed form.
    public func json() throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: url))
    }
}
