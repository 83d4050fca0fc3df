import Foundation
import Recipe
import TestSupport
import Testing

/// What each method refuses, and what no plan is.
@Suite struct ShrinkProblemTests {
    private func lines(_ shrink: String) -> [String] {
        let text = RecipeProblemTests.least + "shrink: {\(shrink)}\n"
        let error = #expect(throws: RecipeError.self) { try Recipe(text: text, file: "r.yaml") }
        return error?.lines ?? []
    }

    @Test(arguments: [
        ("method: dpp, budget: {ratio: 0.5}, penalty: l1", "method: unknown value \"dpp\"; did you mean dhp"),
        (
            "method: dhp, budget: {ratio: 0.5}, importance: gradient",
            "importance: means nothing to method dhp"
        ),
        ("method: dhp, budget: {ratio: 0.5}, search: exact", "only to lw-dna, magnitude; leave this key out"),
        ("method: dhp, budget: {ratio: 0.5}, penalty: l3", "penalty: unknown value \"l3\""),
        ("method: dhp, budget: {ratio: 0.5}, strength: 0", "strength: expected above 0"),
        ("method: dhp, budget: {ratio: 0.5}, threshold: -1", "threshold: expected above 0"),
        ("method: dhp, budget: {ratio: 0.5}, check_every: 0", "check_every: expected 1 to"),
        ("method: dhp, budget: {ratio: 0.5}, tolerance: 1", "tolerance: expected above 0 to below 1"),
        ("method: dhp, budget: {ratio: 0.5}, steps: 50", "check_every: 100 is more than the search's 50"),
        ("method: magnitude, budget: {ratio: 0.5}, importance: gradient", "importance: means nothing to"),
        ("method: lw-dna, budget: {ratio: 0.5}, tolerance: 0.1", "tolerance: means nothing to method lw-dna"),
        ("method: uniform, budget: {ratio: 0.5}, rho: 0.1", "rho: means nothing to method uniform"),
        ("method: uniform, budget: {ratio: 0.5}, steps: 3", "steps: means nothing to method uniform"),
        ("method: uniform", "budget: missing"),
        ("method: random, budget: {ratio: 0.5}, embedding: 8", "embedding: means nothing to method random"),
        ("method: random, budget: {ratio: 0.5}, seed: -1", "seed: expected 0 to"),
        ("method: plan", "plan: missing; the plan's file"),
        ("method: plan, plan: a, budget: {ratio: 0.5}", "budget: means nothing to method plan"),
        (
            "method: lw-dna, plan: a, budget: {ratio: 0.5}",
            "plan: means nothing to method lw-dna, only to plan"
        ),
        ("groups: some, budget: {ratio: 0.5}", "groups: unknown value \"some\"; known: whole, narrow"),
    ])
    func aKeyWithoutUseIsRefused(shrink: String, expected: String) {
        let lines = lines(shrink)
        #expect(lines.count == 1 && lines.first?.contains(expected) == true, "\(lines)")
    }

    // MARK: Plans

    @Test func aPlanIsReadFromYAMLAndFromJSON() throws {
        let yaml = """
            # by hand
            network: resnet20
            vectors:
              - {name: conv1, kept: [0, 2, 5]}
              - name: layer1.0.conv1
                channels: 7
            note: anything else is left alone
            """
        let json = """
            {"baseline": {"flops": {"published": 3}}, "network": "resnet20", "step": 4, "vectors":
             [{"floor": 4, "importance": [0.1, 1e-05], "kept": [0, 2, 5], "length": 32, "name": "conv1"},
              {"channels": 7, "name": "layer1.0.conv1"}]}
            """
        let plans = try [yaml, json].map { try PlanText(text: $0, file: "plan") }
        #expect(plans[0] == plans[1] && plans[0].network == "resnet20")
        #expect(
            plans[0].vectors == [
                .init(name: "conv1", kept: .indices([0, 2, 5])),
                .init(name: "layer1.0.conv1", kept: .first(7)),
            ])
    }

    @Test(arguments: [
        ("", "no plan: a plan has"), ("- a", "no plan"),
        ("vectors: [{name: a, channels: 1}]", "network: missing"),
        ("network: a", "vectors: expected a list of sections"), ("network: a\nvectors: {}", "got a section"),
        ("network: a\nvectors: [b]", "expected a list of sections, got \"b\" in it"),
        ("network: a\nvectors: [{channels: 1}]", "vectors[0].name: missing"),
        ("network: a\nvectors: [{name: b}]", "vectors[0]: b: give kept"),
        ("network: a\nvectors: [{name: b, channels: 1, kept: [0]}]", "vectors[0].channels: b: give kept"),
        ("network: a\nvectors: [{name: b, channels: 0}]", "vectors[0].channels: expected 1 to"),
        ("network: a\nvectors: [{name: b, kept: []}]", "vectors[0].kept: expected a list of 1 to"),
        (
            "network: a\nvectors: [{name: b, kept: [0, x]}]",
            "vectors[0].kept: expected 0 to 1000000, got \"x\""
        ),
        (
            "network: a\nvectors: [{name: b, kept: [-1]}]",
            "vectors[0].kept: expected 0 to 1000000, got \"-1\""
        ),
        ("network: &a b\nvectors: [*a]", "aliases (*) are not for plans"), ("{", "not YAML"),
    ])
    func aFileThatIsNoPlanIsRefused(text: String, expected: String) {
        let error = #expect(throws: RecipeError.self) { try PlanText(text: text, file: "plan") }
        #expect(error?.lines.count == 1 && error?.description.contains(expected) == true, "\(error as Any)")
    }

    @Test func anUnreadablePlanIsNamed() throws {
        let folder = try TemporaryFolder()
        for (path, expected) in [
            (folder.path("none.yaml"), "No such file or directory"), (folder.path, "Is a directory"),
            ("/dev/zero", "larger than 16384 KiB, which no plan is"),
        ] {
            let error = #expect(throws: RecipeError.self) { try PlanText(path: path) }
            #expect(error?.description.contains(expected) == true, "\(error as Any)")
            #expect(error?.description.hasPrefix(path) == true && error?.lines.count == 1)
        }
    }
}
