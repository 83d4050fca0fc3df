import Foundation
import FoundationXML
import TestSupport
import Testing

@testable import Observe

/// Plots: where things lie, and that the files are what readers of SVG take.
struct PlotTests {
    @Test(arguments: [
        (0.0, 1.0, 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 200, 5, ["0", "50", "100", "150", "200"]),
        (-3, 3, 6, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (0.013, 0.087, 4, ["0.02", "0.04", "0.06", "0.08"]),
        (7, 7, 2, ["5", "10"]),
        (0, 234_567, 4, ["0", "100000", "200000"]),
    ])
    func ticksAreRound(_ low: Double, _ high: Double, _ count: Int, _ labels: [String]) {
        let ticks = RoundTicks(low...high, about: count)
        #expect(ticks.values.map(ticks.label) == labels)
    }

    @Test(arguments: [
        (0.0...0.93, 0.0...1.0), (12...187, 0...200), (-0.2...4.1, -1...5), (5...5, 2...8),
        (0...1e300, 0...1),
    ])
    func rangesEndAtTicks(_ range: ClosedRange<Double>, _ expected: ClosedRange<Double>) {
        #expect(RoundTicks.enclosing(range, about: 5) == expected)
    }

    @Test func aScaleRunsBetweenItsPixels() {
        let scale = PlotScale(domain: -1...3, pixels: (100, 20))
        #expect([-1, 0, 3].map { scale($0) } == [100, 80, 20])
        #expect(PlotScale(domain: 2...2, pixels: (0, 10))(2) == 5)
    }

    @Test func aDensityIsHighestWhereMostNumbersAre() {
        let curve = Density.curve([1, 1.1, 0.9, 1, -2, .nan], over: -3...3, count: 121)
        let peak = curve.firstIndex(of: 1)!
        #expect(abs(-3 + Double(peak) * 0.05 - 1) < 0.1 && curve.allSatisfy { (0...1).contains($0) })
        #expect(Density.curve([], over: 0...1, count: 5) == [0, 0, 0, 0, 0])
        #expect(Density.curve([2, 2], over: 2...2, count: 3) == [0, 0, 0])
    }

    @Test func curvesOfManyPointsAreAveraged() {
        let points = (0..<1_003).map { (Double($0), Double($0 % 2)) }
        let averaged = TrainingPlot.averaged(points)
        #expect(averaged.count == 335 && averaged[0].x == 1 && averaged.last!.x == 1_002)
        #expect(TrainingPlot.averaged([(1, 2)]).map(\.y) == [2])
    }

    // MARK: The metrics file

    private func history(_ text: String) throws -> RunHistory {
        let folder = try TemporaryFolder()
        try text.write(toFile: folder.path("metrics.jsonl"), atomically: true, encoding: .utf8)
        return try RunHistory(path: folder.path("metrics.jsonl"))
    }

    @Test func damagedLinesArePassedOver() throws {
        let history = try history(
            """
            {"step":1,"phase":"search","epoch":0.5,"loss":2.5,"top1":0.25,"seconds":1}
            {"step":2,"phase":"converge","epoch":0.5,"loss":nan,"top1":0.25}
            {"step":2,"phase":"converge","epoch":0.5,"loss":null,"top1":0.25}
            {"step":2,"phase":"converge","epoch":0.5,"lo
            \u{0}\u{0}\u{0}
            {}
            {"step":-4,"phase":"converge","loss":1.5}
            {"step":1e99,"phase":"converge","loss":1.5}
            {"step":2,"phase":"converge","loss":1.5e-1}
            {"step":2,"search_check":true,"flops":123,"parameters":45,"ratio":0.5}
            {"step":2,"evaluation":true,"epoch":1.0,"test_loss":0.5,"test_top1":0.75,"test_images":9}
            {"step":3,"phase":"converge","loss":1
            """)
        #expect(
            history.steps == [
                .init(step: 1, isSearch: true, epoch: 0.5, loss: 2.5, top1: 0.25),
                .init(step: 2, isSearch: false, epoch: nil, loss: 0.15, top1: nil),
            ])
        #expect(history.checks == [.init(step: 2, flops: 123, parameters: 45)])
        #expect(history.evaluations == [.init(step: 2, epoch: 1, loss: 0.5, top1: 0.75)])
        #expect(try RunHistory(path: "/no/such/metrics.jsonl").steps.isEmpty)
    }

    @Test func filesOfManyPiecesAreReadWhole() throws {
        let lines = (1...20_000).map {
            "{\"step\":\($0),\"phase\":\"converge\",\"epoch\":0.1,\"loss\":1.0,\"top1\":0.5}\n"
        }
        let steps = try history(lines.joined()).steps
        #expect(steps.map(\.step) == Array(1...20_000))
    }

    // MARK: Files

    static let pictures: [(String, String?)] = {
        var history = RunHistory()
        for step in 1...90 {
            let phase = step <= 10 ? "search" : "converge"
            let line =
                "{\"step\":\(step),\"phase\":\"\(phase)\",\"epoch\":\(Double(step) / 10),"
                + "\"loss\":2,\"top1\":0.5}"
            history.add(Array(line.utf8)[...])
        }
        history.add(Array("{\"step\":5,\"flops\":7e6,\"parameters\":9000}".utf8)[...])
        history.add(
            Array("{\"step\":90,\"epoch\":8,\"test_loss\":40,\"test_top1\":0.5,\"test_images\":9}".utf8)[...])
        let cost = SearchPlot.Cost(flops: 4_000_000, parameters: 8_000)
        let vector = LatentsPlot.Vector(
            name: "a<b>&\"c\"\u{1}", start: [-1, 0, 1], end: [0.5, .infinity], gradient: [0, 1e-3, -1e-5])
        let still = LatentsPlot.Vector(name: "", start: [], end: [], gradient: [])
        let layers = (0..<170).map {
            ChannelsPlot.Layer(name: "block\($0).conv<1>", channels: $0, widened: $0 == 3 ? 0 : 170)
        }
        let end = SearchPlot.End(step: 10, baseline: cost, widened: cost, pruned: cost)
        return [
            ("training", TrainingPlot(history, network: "n & m").svg),
            ("search", SearchPlot(history, end: nil, network: "n").svg),
            ("search to its end", SearchPlot(history, end: end, network: "n").svg),
            ("channels", ChannelsPlot(layers, width: 2, network: "n").svg),
            ("no channels", ChannelsPlot([], width: 0, network: "n").svg),
            ("latents", LatentsPlot([vector, still], step: 1, threshold: 1e-4, network: "n").svg),
            (
                "latents without gradients",
                LatentsPlot([still, vector], step: 2, threshold: nil, network: "").svg
            ),
        ]
    }()

    @Test(arguments: pictures.indices) func picturesAreXMLOfNumbers(_ index: Int) throws {
        let svg = try #require(Self.pictures[index].1, "\(Self.pictures[index].0)")
        let reader = PictureReader()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(Self.pictures[index].0): \(String(describing: parser.parserError))")
        #expect(reader.elements["svg"] == 1 && (reader.elements["text"] ?? 0) > 1)
        #expect(!svg.contains("nan") && !svg.contains("inf"), "\(Self.pictures[index].0)")
        #expect(svg.utf8.count < 100_000)
    }

    @Test func nothingToShowIsNoPicture() {
        #expect(TrainingPlot(RunHistory(), network: "n").svg == nil)
        #expect(SearchPlot(RunHistory(), end: nil, network: "n").svg == nil)
        #expect(LatentsPlot([], step: 0, threshold: nil, network: "n").svg == nil)
        let cost = SearchPlot.Cost(flops: 1, parameters: 1)
        let given = SearchPlot.End(step: 0, baseline: cost, widened: cost, pruned: cost)
        #expect(SearchPlot(RunHistory(), end: given, network: "n").svg == nil)
    }

    @Test(arguments: [(0.0, "10⁰"), (-3, "10⁻³"), (12, "10¹²"), (0.5, "")])
    func powersAreWrittenAsSuch(_ exponent: Double, _ text: String) {
        #expect(LatentsPlot.powerOfTen(exponent) == text)
    }
}

private final class PictureReader: NSObject, XMLParserDelegate {
    var elements: [String: Int] = [:]

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements[name, default: 0] += 1
    }
}
