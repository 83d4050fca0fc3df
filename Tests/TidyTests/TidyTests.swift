import Foundation
import Testing

/// The rules that a reader relies on: which module may import which, and how long things get.
struct TidyTests {
    /// Our modules that each target may import. Maths never imports cluster; cluster never imports maths.
    static let graph: [String: Set<String>] = [
        "Digest": ["CSodium"],
        "Randomness": [],
        "TensorCore": ["COneDNN", "COpenBLAS", "CKernels"],
        "NeuralNet": ["TensorCore", "CKernels", "Randomness"],
        "Hypernet": ["NeuralNet", "TensorCore", "CKernels", "Randomness"],
        "ModelZoo": ["NeuralNet"],
        "ImageData": ["CTurboJPEG", "Randomness", "Digest"],
        "Recipe": ["Digest"],
        "ClusterCore": [],
        "Transport": ["CZeroMQ"],
        "Collective": ["CLZ4", "CKernels"],
        "Checkpoint": ["Digest"],
        "Observe": [],
        "Simulation": ["Training", "ClusterCore", "Collective", "Transport"],
    ]
    /// What the roof's targets must not import: each C library has one importer.
    static let soleImporters: [String: Set<String>] = [
        "COneDNN": ["TensorCore"], "COpenBLAS": ["TensorCore"], "CZeroMQ": ["Transport"],
        "CLZ4": ["Collective"], "CTurboJPEG": ["ImageData"], "CSodium": ["Digest"], "Yams": ["Recipe"],
        "SwiftProtobuf": ["ClusterCore"], "ArgumentParser": ["espalier"],
    ]
    static let columnsMax = 110
    static let fileLinesMax = 400
    static let functionLinesMax = 70

    @Test func importsFollowTheModuleGraph() throws {
        let ours = Set(Self.graph.keys).union(Self.soleImporters.keys).union([
            "CKernels", "Training", "Bench", "Simulation", "espalier",
        ])
        for file in try SourceTree.files(in: "Sources") {
            guard let allowed = Self.graph[file.target] else { continue }
            for module in file.imports where ours.contains(module) && Self.soleImporters[module] == nil {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func eachLibraryHasOneImporter() throws {
        for file in try SourceTree.files(in: "Sources") {
            for module in file.imports {
                guard let importers = Self.soleImporters[module] else { continue }
                #expect(importers.contains(file.target), "\(file.path) imports \(module)")
            }
        }
    }

    @Test(arguments: ["Sources", "Tests"])
    func linesAndFilesAreShort(folder: String) throws {
        for file in try SourceTree.files(in: folder) {
            #expect(file.lines.count <= Self.fileLinesMax, "\(file.path) has \(file.lines.count) lines")
            for (number, line) in file.lines.enumerated() {
                #expect(line.count <= Self.columnsMax, "\(file.path):\(number + 1) has \(line.count) columns")
            }
        }
    }

    @Test func nothingIsLeftForLater() throws {
        let marks = ["FIX" + "ME", "TO" + "DO"]
        for file in try SourceTree.files(in: "Sources") + SourceTree.files(in: "Tests") {
            for (number, line) in file.lines.enumerated() {
                #expect(!marks.contains { line.contains($0) }, "\(file.path):\(number + 1): \(line)")
            }
        }
    }

    @Test func functionsAreShort() throws {
        for file in try SourceTree.files(in: "Sources") {
            for (name, length) in Self.functionLengths(file.lines) {
                #expect(length <= Self.functionLinesMax, "\(file.path): \(name) has \(length) lines")
            }
        }
    }

    /// The functions and initialisers of a file in our layout: from `func` or `init` to the closing brace at
    /// the same indentation.
    static func functionLengths(_ lines: [String]) -> [(name: String, length: Int)] {
        var result: [(String, Int)] = []
        for (start, line) in lines.enumerated() {
            let text = line.drop { $0 == " " }
            let words = text.split(separator: " ")
            guard words.contains("func") || words.contains(where: { $0.hasPrefix("init(") }),
                !text.hasPrefix("//")
            else { continue }
            let closing = String(repeating: " ", count: line.count - text.count) + "}"
            guard let end = lines[start...].firstIndex(of: closing) else { continue }
            result.append((String(text.prefix(60)), end - start + 1))
        }
        return result
    }

    @Test func functionLengthsAreFound() {
        let lines = ["    func a() {", "        b()", "    }", "    init(x: Int) {", "    }"]
        #expect(Self.functionLengths(lines).map(\.length) == [3, 2])
    }
}
