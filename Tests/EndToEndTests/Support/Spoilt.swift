import Foundation
import TestSupport

/// Copies of a finished plain run with damage in each of its checkpoints.
enum Spoilt {
    /// - Parameter name: the file of a checkpoint that `spoil` changes.
    /// - Returns: the run's folder.
    static func run(
        in folder: TemporaryFolder, _ name: String = "model.safetensors", newestOnly: Bool = false,
        _ spoil: (inout Data) -> Void
    ) async throws -> String {
        let path = folder.path("spoilt")
        try FileManager.default.copyItem(atPath: try await Reference.shared.result(.plain).run, toPath: path)
        let checkpoints = RunRecord(path: path).checkpoints
        for checkpoint in newestOnly ? checkpoints.suffix(1) : checkpoints[...] {
            let file = URL(filePath: "\(path)/checkpoints/\(checkpoint)/\(name)")
            var data = try Data(contentsOf: file)
            spoil(&data)
            try data.write(to: file)
        }
        return path
    }
}
