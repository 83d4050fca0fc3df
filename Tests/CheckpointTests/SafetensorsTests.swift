import Checkpoint
import Foundation
import TestSupport
import Testing

/// Files of the safetensors format, as they are made here, as others make them, and as an attacker would.
@Suite struct SafetensorsTests {
    let folder = try! TemporaryFolder()

    /// A file of `header` after its true length (or `length`), and `data` bytes of 0, 1, 2, …
    func file(_ header: String, data: Int = 0, length: UInt64? = nil) throws -> String {
        let json = Data(header.utf8)
        var content = Data(
            (0..<8).map { UInt8(truncatingIfNeeded: (length ?? UInt64(json.count)) >> (8 * $0)) })
        content += json
        content += Data((0..<data).map { UInt8(truncatingIfNeeded: $0) })
        let path = folder.path("case.safetensors")
        try content.write(to: URL(filePath: path))
        return path
    }

    func problem(_ path: String) -> CheckpointError? {
        #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let path = folder.path("a.safetensors")
        let tensors = try [
            #require(TensorInfo(name: "b.weight", shape: [2, 3])),
            #require(TensorInfo(name: "scalar", shape: [])),
            #require(TensorInfo(name: "empty", shape: [0, 7])),
            #require(TensorInfo(name: "a \"quoted\"\n\u{1}é", shape: [4])),
        ]
        let writer = try SafetensorsWriter(path: path, tensors: tensors, metadata: ["z": "1", "a": "x\\y"])
        try writer.append([1, 2, 3, 4, 5])
        try writer.append([6, -0.0, 8])
        #expect(writer.remaining == 12)
        try writer.append([.infinity, 9, .leastNonzeroMagnitude])
        let summary = try writer.finish()

        let file = try SafetensorsFile(path: path)
        #expect(file.tensors == tensors)
        #expect(file.metadata == ["z": "1", "a": "x\\y"])
        #expect(try file.floats("b.weight") == [1, 2, 3, 4, 5, 6])
        #expect(try file.floats("scalar")[0].sign == .minus)
        #expect(try file.floats("empty").isEmpty)
        #expect(try file.floats("a \"quoted\"\n\u{1}é") == [8, .infinity, 9, .leastNonzeroMagnitude])
        let content = try Data(contentsOf: URL(filePath: path))
        #expect(content.count == summary.bytes)
        #expect((content.count - 44) % 8 == 0)
    }

    @Test func theSameTensorsGiveTheSameBytes() throws {
        var sums: Set<String> = []
        for round in 0..<3 {
            let tensors = try (0..<20).map { try #require(TensorInfo(name: "t\($0)", shape: [1])) }
            let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "value") })
            let writer = try SafetensorsWriter(
                path: folder.path("\(round)"), tensors: tensors, metadata: metadata)
            for _ in 0..<20 { try writer.append([0.5]) }
            sums.insert(try writer.finish().sha256)
        }
        #expect(sums.count == 1)
    }

    @Test func aWriterCountsItsBytes() throws {
        let tensor = try #require(TensorInfo(name: "t", shape: [2]))
        let writer = try SafetensorsWriter(path: folder.path("a"), tensors: [tensor])
        #expect(throws: CheckpointError.self) { try writer.append([1, 2, 3]) }
        try writer.append([1])
        #expect(throws: CheckpointError.self) { try writer.finish() }
        #expect(throws: CheckpointError.self) {
            try SafetensorsWriter(path: folder.path("b"), tensors: [tensor, tensor])
        }
        #expect(throws: CheckpointError.self) {
            try SafetensorsWriter(path: folder.path("no/such/folder"), tensors: [tensor])
        }
    }

    @Test(arguments: [[Int.max, 2], [1 << 40, 1 << 40], [-1], [Int.max / 4 + 1]])
    func impossibleShapesAreNoTensors(shape: [Int]) {
        #expect(TensorInfo(name: "t", shape: shape) == nil)
    }

    @Test func othersFilesAreRead() throws {
        let header =
            #" {"b":{"shape":[2],"data_offsets":[8,24],"dtype":"I64"}, "a\u00e9\ud83d\ude00":{"dtype":"U8","#
            + #""shape":[2,4],"data_offsets":[0,8]},"__metadata__":{}}  "#
        let file = try SafetensorsFile(path: file(header, data: 24))
        #expect(file.tensors.map(\.name) == ["aé😀", "b"])
        #expect(try file.uint8s("aé😀") == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(try file.int64s("b")[0] == 0x0F0E_0D0C_0B0A_0908)
        #expect(throws: CheckpointError.self) { try file.floats("b") }
        #expect(throws: CheckpointError.self) { try file.int64s("none") }
        try withUnsafeTemporaryAllocation(of: Float.self, capacity: 4) { buffer in
            let base = try #require(buffer.baseAddress)
            #expect(throws: CheckpointError.self) { try file.read("b", into: base, count: 4) }
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            #expect(throws: CheckpointError.self) { try file.readBytes("b", offset: 1, into: bytes) }
            #expect(throws: CheckpointError.self) { try file.readBytes("b", offset: -1, into: bytes) }
            #expect(throws: CheckpointError.self) { try file.readBytes("b", offset: .max, into: bytes) }
            try file.readBytes("b", offset: 0, into: bytes)
            #expect(bytes[15] == 23)
        }
    }

    static let badHeaders: [(header: String, data: Int, expected: String)] = [
        ("", 0, "'{' expected"),
        ("[]", 0, "'{' expected"),
        ("{", 0, "'\"' expected"),
        ("{} x", 0, "text after the end"),
        (#"{"a":1}"#, 0, "'{' expected"),
        (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "needs dtype"),
        (#"{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, 4, "unknown dtype \"F33\""),
        (#"{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}"#, 4, "'\"' expected"),
        (#"{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, 4, "'[' expected"),
        (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "whole number expected"),
        (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "']' expected"),
        (#"{"a":{"dtype":"F32","shape":[1e9],"data_offsets":[0,4]}}"#, 4, "']' expected"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4, "two data_offsets"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 4, "more than 2 numbers"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "its offsets are 4 and 0"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "takes 8 bytes"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3, "cut short"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, "1 bytes follow"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "no tensor holds the bytes 0 to 4"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
                + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8, "\"b\" overlaps"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
                + #""a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
            2, "two tensors are called \"a\""
        ),
        (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "repeated key"),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":"x"}}"#, 4,
            "unknown or repeated key \"more\""
        ),
        (#"{"a":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, 0, "impossible shape"),
        (
            #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0,
            "impossible shape"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0]}}"#, 0,
            "number too large"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}"#, 0,
            "no tensor"
        ),
        (#"{"__metadata__":{"a":1}}"#, 0, "'\"' expected"),
        (#"{"__metadata__":{"a":"1","a":"2"}}"#, 0, "twice"),
        (#"{"__metadata__":{},"__metadata__":{}}"#, 0, "two tensors are called"),
        (#"{"a\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0, "surrogate"),
        (#"{"a\q":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0, "unknown escape"),
        (#"{"a"#, 0, "string without an end"),
        (#"{"a\"#, 0, "string without an end"),
        (#"{"a\u00"#, 0, "bad \\u escape"),
        ("{\"a\nb\":{}}", 0, "control character"),
        (
            #"{"a":{"dtype":"F32","shape":["# + "1,".repeated(20) + #"1],"data_offsets":[0,4]}}"#, 4,
            "more than 16"
        ),
        (#"{"a":"# + #"{"dtype":"#.repeated(5), 0, "'\"' expected"),
    ]

    @Test(arguments: badHeaders)
    func aBadHeaderIsNamed(header: String, data: Int, expected: String) throws {
        let path = try file(header, data: data)
        let error = try #require(problem(path))
        #expect(error.kind == .damaged)
        #expect(error.problem.contains(expected), "\(error)")
        #expect(error.description.hasPrefix(path))
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: [3, 1 << 20, 1 << 62, UInt64(Int.max), UInt64.max])
    func aFalseHeaderLengthIsNamed(length: UInt64) throws {
        #expect(problem(try file("{}  ", length: length))?.kind == .damaged)
    }

    @Test func everyTruncationIsNoticed() throws {
        let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
        let whole = try Data(contentsOf: URL(filePath: file(header, data: 8)))
        for length in 0..<whole.count {
            let path = folder.path("cut")
            try whole.prefix(length).write(to: URL(filePath: path))
            #expect(problem(path)?.kind == .damaged, "\(length) bytes")
        }
    }

    @Test func invalidUTF8InANameIsNoticed() throws {
        let path = try file(#"{"a?":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
        var content = try Data(contentsOf: URL(filePath: path))
        content[11] = 0xFF
        try content.write(to: URL(filePath: path))
        #expect(problem(path)?.problem.contains("UTF-8") == true)
    }

    @Test func whatIsNoFileIsNamed() throws {
        #expect(problem(folder.path("none"))?.kind == .missing)
        #expect(problem(folder.path)?.kind == .unreadable)
    }

    @Test func aFileThatShrinksWhileOpenIsAnError() throws {
        let path = try file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 8)
        let opened = try SafetensorsFile(path: path)
        #expect(truncate(path, 20) == 0)
        #expect(throws: CheckpointError.self) { try opened.floats("a") }
    }

    @Test(.enabled(if: Golden.folder("hypernet") != nil), arguments: Golden.files("hypernet"))
    func goldenFilesAreRead(golden: GoldenFile) throws {
        let file = try golden.tensors()
        #expect(!file.tensors.isEmpty)
        for tensor in file.tensors where tensor.type == .float32 {
            #expect(try file.floats(tensor.name).count == tensor.count)
        }
    }
}

extension String {
    fileprivate func repeated(_ count: Int) -> String { String(repeating: self, count: count) }
}
