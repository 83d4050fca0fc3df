import Foundation
import Observe
import TestSupport
import Testing

/// Files of JSON lines: every step once, whatever happened.
@Suite struct MetricsTests {
    let folder = try! TemporaryFolder()

    var path: String { folder.path("metrics.jsonl") }

    func content() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

    @Test func linesAreJSONInTheGivenOrder() throws {
        let writer = try MetricsWriter(path: path)
        try writer.write(
            step: 1,
            [
                "kind": "step", "loss": .number(0.1), "nan": .number(.nan), "inf": .number(-.infinity),
                "text": .text("a\"\\\n\u{1}é"), "yes": true, "list": .list([1, 2.5, "x"]),
            ])
        let line = try content()
        #expect(
            line == #"{"step":1,"kind":"step","loss":0.1,"nan":null,"inf":null,"text":"a\"\\\u000a\u0001é","#
                + #""yes":true,"list":[1,2.5,"x"]}"# + "\n")
        let json = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(json?["text"] as? String == "a\"\\\n\u{1}é")
    }

    @Test(arguments: [
        (3, ["1", "2", "3", "3"]), (4, ["1", "2", "3", "3", "4"]), (9, ["1", "2", "3", "3", "4"]), (0, []),
        (2, ["1", "2"]),
    ])
    func aResumeCutsLaterSteps(step: Int, kept: [String]) throws {
        do {
            let writer = try MetricsWriter(path: path)
            for step in [1, 2, 3, 3, 4] { try writer.write(step: step, ["x": 1]) }
        }
        let writer = try MetricsWriter(path: path, resumedStep: step)
        #expect(try content() == kept.map { "{\"step\":\($0),\"x\":1}\n" }.joined())
        try writer.write(step: 77, [])
        #expect(try content().hasSuffix("{\"step\":77}\n"))
    }

    @Test(arguments: [
        "{\"step\":2,\"lo", "{\"step\":2}", "{\"step\":2\n", "\n", "{\"step\":\"2\"}\n", "{}\n",
        "\u{0}\u{0}\n\n",
        String(repeating: "x", count: 3 << 20), String(repeating: "x", count: 3 << 20) + "\n",
        "{\"step\":2,\"x\":\"" + String(repeating: "y", count: 2 << 20) + "\"}\n",
    ])
    func aDamagedEndIsCut(end: String) throws {
        try write("{\"step\":1}\n" + end)
        _ = try MetricsWriter(path: path, resumedStep: 2)
        #expect(try content() == "{\"step\":1}\n")
    }

    @Test func longFilesAreCutInTheMiddle() throws {
        let filler = String(repeating: "z", count: 300)
        let lines = (1...10_000).map { "{\"step\":\($0),\"x\":\"\(filler)\"}\n" }
        try write(lines.joined())
        #expect(try MetricsFile.lastLines(2, of: path) == lines.suffix(2).map { String($0.dropLast()) })
        #expect(try MetricsFile.lastLines(10_001, of: path).count == 10_000)
        _ = try MetricsWriter(path: path, resumedStep: 1_234)
        #expect(try content() == lines.prefix(1_234).joined())
    }

    @Test func aNewFileMustBeNew() throws {
        try write("{\"step\":1}\n")
        #expect(throws: ObserveError.self) { try MetricsWriter(path: path) }
    }

    @Test func whatTheSystemRefusesIsNamed() throws {
        #expect(throws: ObserveError.self) { try MetricsWriter(path: folder.path("no/file")) }
        #expect(throws: ObserveError.self) { try MetricsFile.lastLines(1, of: folder.path("none")) }
        #expect(throws: ObserveError.self) { try MetricsFile.lastLines(1, of: folder.path) }
        let full = try MetricsWriter(path: "/dev/full")
        let error = #expect(throws: ObserveError.self) { try full.write(step: 1, []) }
        #expect(error?.description == "/dev/full: No space left on device")
    }
}
