import Hypernet
import ModelZoo
import NeuralNet
import Randomness
import Testing

@Suite("DHP's search")
struct ProximalTests {
    private static let graph = SmallNetwork.graph(width: 16)
    private static let wiring = LatentWiring(graph)

    private static func noise() -> [[Float]] {
        wiring.vectors.enumerated().map { index, vector in
            let random = CounterRandom(seed: 4, stream: CounterRandom.stream("latent", index))
            return (0..<vector.length).map { Float(random.normal(UInt64($0))) }
        }
    }

    private static func step(_ penalty: ProximalStep.Penalty, strength: Float = 1) -> ProximalStep {
        ProximalStep(
            penalty: penalty, strength: strength, threshold: 5e-3, vectors: wiring.vectors,
            settings: ShrinkSettings(budget: .ratio(0.5), tau: 0.5))
    }

    private static func apply(_ step: ProximalStep, times: Int, to latents: [[Float]]) -> [[Float]] {
        var flat = latents.flatMap(\.self)
        for _ in 0..<times {
            flat.withUnsafeMutableBufferPointer { step.apply(to: $0.baseAddress!, rate: 0.1) }
        }
        var start = 0
        return latents.map { latent in
            defer { start += latent.count }
            return Array(flat[start..<start + latent.count])
        }
    }

    @Test("shrinks what may go, and leaves a vector alone from its floor on", arguments: [1, 5, 50])
    func l1(times: Int) {
        let before = Self.noise()
        let after = Self.apply(Self.step(.l1), times: times, to: before)
        for (index, vector) in Self.wiring.vectors.enumerated() {
            guard vector.isPrunable else {
                #expect(after[index] == before[index])
                continue
            }
            // The last move may have taken several below the threshold at once.
            let floor = vector.feedsClassifier ? 8 : 4
            let moves = zip(before[index], after[index]).map { abs($0) - abs($1) }.max() ?? 0
            #expect(moves <= Float(times) * 0.1 + 1e-5)
            #expect(after[index].count { abs($0) >= 5e-3 } >= floor - 4)
            #expect(zip(before[index], after[index]).allSatisfy { $0 * $1 >= 0 })
        }
        #expect(after != before)
    }

    @Test("the norm falls by λμ, the direction stays")
    func l2() {
        let before = Self.noise()
        let after = Self.apply(Self.step(.l2), times: 3, to: before)
        for (index, vector) in Self.wiring.vectors.enumerated() where vector.isPrunable {
            func norm(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            #expect(abs(norm(before[index]) - norm(after[index]) - 0.3) < 1e-5)
            let ratios = zip(after[index], before[index]).map { $0 / $1 }
            #expect((ratios.max() ?? 1) - (ratios.min() ?? 0) < 1e-5)
        }
    }

    @Test("nothing happens at a rate of 0, even to zeros", arguments: ProximalStep.Penalty.allCases)
    func noRate(penalty: ProximalStep.Penalty) {
        var zeros = [Float](repeating: 0, count: 100)
        zeros.withUnsafeMutableBufferPointer { ProximalStep.move($0, penalty, by: 0) }
        #expect(zeros.allSatisfy { $0 == 0 })
    }

    private static func search(_ tolerance: Double) throws -> ProximalSearch {
        ProximalSearch(
            graph: graph, baseline: graph, settings: ShrinkSettings(budget: .ratio(0.5), minChannels: 2),
            threshold: 5e-3, tolerance: tolerance)
    }

    /// Latents of which the first so many of 16 are above the threshold.
    private static func latents(above: Int) -> [[Float]] {
        wiring.vectors.map { vector in (0..<vector.length).map { $0 < above ? 1 : 1e-3 } }
    }

    @Test("goes on, stops near the budget, and says when it is past it")
    func verdicts() throws {
        let search = try Self.search(0.05)
        var verdicts: [ProximalSearch.Verdict] = []
        var ratios: [Double] = []
        for above in stride(from: 16, through: 6, by: -1) {
            let look = try search.look(Self.latents(above: above))
            verdicts.append(search.verdict(look, isLast: false))
            ratios.append(look.ratio)
            let plan = try search.plan(Self.latents(above: above), step: 7)
            #expect(plan.pruned.flops.convLinear == look.flops && plan.step == 7)
            #expect(plan.pruned.parameters.published == look.parameters)
            #expect(Double(look.flops) / Double(plan.widened.flops.convLinear) == look.ratio)
            #expect(look.above.last?.count == above && plan.vectors.last?.kept == Array(0..<above))
            if verdicts.last == .goOn { #expect(search.verdict(look, isLast: true) == .missed) }
        }
        #expect(ratios == ratios.sorted(by: >))
        for (verdict, ratio) in zip(verdicts, ratios) {
            #expect(verdict == (ratio > 0.55 ? .goOn : ratio >= 0.45 ? .stop : .missed), "\(ratio)")
        }
        #expect(Set(verdicts.map { "\($0)" }).count == 3)
    }

    @Test("floors stay whatever the threshold")
    func floors() throws {
        let plan = try Self.search(0.02).plan(Self.latents(above: 0), step: 1)
        // Ties are kept: all elements are alike.
        #expect(plan.vectors.allSatisfy { $0.kept.count == $0.length })
        var latents = Self.latents(above: 0)
        for index in latents.indices {
            latents[index][0] = 2e-3
            latents[index][1] = 3e-3
        }
        let cut = try Self.search(0.02).plan(latents, step: 1)
        for (vector, wired) in zip(cut.vectors, Self.wiring.vectors) where wired.isPrunable {
            #expect(vector.kept == [0, 1])
        }
    }
}
