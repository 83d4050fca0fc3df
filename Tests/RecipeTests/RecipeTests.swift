import Foundation
import Recipe
import TestSupport
import Testing

/// What a recipe may say, and what it means.
@Suite struct RecipeTests {
    static let least = "network: resnet20\nepochs: 3\ndata: {format: synthetic}\n"

    func recipe(_ text: String, _ overrides: [String] = []) throws -> Recipe {
        try Recipe(text: text, file: "r.yaml", overrides: overrides)
    }

    @Test func defaultsAreFilledIn() throws {
        let recipe = try recipe(Self.least)
        #expect(recipe.seed == 1 && recipe.batch == 64 && recipe.shard == 32 && recipe.gradientBits == 24)
        #expect(
            recipe.data.imageSize == 32 && recipe.data.trainCount == 8_000 && recipe.data.testCount == 2_000)
        #expect(recipe.optimizer.learningRate == 0.1 && recipe.optimizer.momentum == 0.9)
        #expect(recipe.optimizer.weightDecay == 1e-4 && !recipe.optimizer.nesterov)
        #expect(recipe.schedule.course == .constant && recipe.shrink == nil && recipe.maxSteps == nil)
        #expect(recipe.checkpoint.every == .epochs(1) && recipe.checkpoint.keep == 2)
        #expect(recipe.evaluate.everyEpochs == 1 && recipe.isa == "auto" && recipe.timeout == 30)
    }

    static let methods = [
        "method: lw-dna, importance: magnitude, rho: 0.2, budget: {ratio: 0.5}",
        "method: magnitude, steps: 2, search: reference, tau: 0.1, budget: {flops: 1G}",
        """
        method: dhp, steps: 500, penalty: l2, strength: 3e-4, threshold: 0.01, check_every: 10, \
        tolerance: 0.05, embedding: 2, min_channels: 2, groups: narrow, budget: {parameters: 1M}
        """,
        "method: uniform, width: 3, budget: {flops_of_baseline: 0.9}",
        "method: random, seed: 7, rho: 0.3, budget: {ratio: 0.5}", "method: plan, plan: 'a b.yaml', width: 1",
    ]

    @Test(arguments: methods) func aMethodIsWrittenAndReadBack(keys: String) throws {
        let recipe = try recipe(Self.least + "shrink: {\(keys)}\n")
        #expect(try self.recipe(recipe.yaml) == recipe, "\(recipe.yaml)")
        let method = try #require(recipe.shrink?.method)
        #expect(keys.hasPrefix("method: \(method.rawValue),"))
    }

    /// So that one recipe serves for comparing methods.
    @Test(arguments: Recipe.Shrink.Method.allCases)
    func aMethodThatIsSetTakesWhatItCanUse(method: Recipe.Shrink.Method) throws {
        let text = """
            \(Self.least)
            shrink: {method: lw-dna, steps: 3, importance: gradient, rho: 0.2, budget: {ratio: 0.5}}

            """
        var sets = ["shrink.method=\(method.rawValue)"]
        if method == .plan { sets.append("shrink.plan=a.json") }
        let shrink = try #require(try recipe(text, sets).shrink)
        #expect(shrink.method == method)
        #expect(shrink.steps == (method.searches && method != .dhp ? 3 : method == .dhp ? 20_000 : 1))
        #expect(shrink.budget == (method == .plan ? .ratio(1) : .ratio(0.5)))
        #expect(shrink.rho == (method == .plan || method == .uniform ? nil : 0.2))
        // What is set is meant.
        #expect(throws: RecipeError.self) {
            try recipe(text, sets + ["shrink.\(method == .plan ? "tau" : "plan")=0"])
        }
    }

    @Test func methodsHaveTheirDefaults() throws {
        let dhp = try #require(
            try recipe(Self.least + "shrink: {method: dhp, budget: {ratio: 0.5}}\n").shrink)
        #expect(dhp.proximal == .init() && dhp.proximal.penalty == .l1 && dhp.proximal.strength == 1e-4)
        #expect(dhp.proximal.threshold == 5e-3 && dhp.proximal.checkEvery == 100)
        #expect(dhp.proximal.tolerance == 0.02 && dhp.steps == 20_000 && dhp.importance == .magnitude)
        let single = try #require(try recipe(Self.least + "shrink: {budget: {ratio: 0.5}}\n").shrink)
        #expect(single.method == .lwDNA && single.importance == .gradient && single.steps == 1)
        #expect(single.groups == .whole && single.seed == nil && single.width == 2)
    }

    /// The file may move or go: the run keeps the plan.
    @Test func thePlansPathDoesNotDecide() throws {
        let text = Self.least + "shrink: {method: plan, plan: a.json}\n"
        #expect(try recipe(text, ["shrink.plan=b.json"]).fingerprint == recipe(text).fingerprint)
        #expect(try recipe(text, ["shrink.width=3"]).fingerprint != recipe(text).fingerprint)
    }

    @Test func everythingCanBeSaid() throws {
        let text = """
            network: resnet50
            seed: 7
            batch: 256
            shard: 16
            epochs: 150
            max_steps: 10
            precision: fp32
            gradient_bits: 20
            data: {format: imagefolder, path: "a b#c", image_size: 160}
            optimizer: {kind: sgd, learning_rate: 0.05, momentum: 0.8, weight_decay: 4e-5, nesterov: true}
            schedule: {kind: step, milestones: [0.5, 100, 1.2e2], factor: 0.2}
            shrink:
              {method: lw-dna, width: 3, embedding: 2, steps: 2, importance: magnitude, search: reference,
               budget: {flops: 3.73G}, rho: 0.4, tau: 0.5, min_channels: 8}
            checkpoint: {every_steps: 100, keep: 5}
            evaluate: {every_epochs: 2}
            isa: avx2
            timeout: 2.5
            """
        let recipe = try recipe(text)
        #expect(recipe.maxSteps == 10 && recipe.shard == 16 && recipe.data.path == "a b#c")
        #expect(recipe.data.imageSize == 160 && recipe.data.trainCount == nil)
        #expect(recipe.schedule.milestoneEpochs(epochs: 150) == [75, 100, 120])
        let shrink = try #require(recipe.shrink)
        #expect(
            shrink.budget == .flops(3_730_000_000) && shrink.rho == 0.4 && shrink.importance == .magnitude)
        #expect(shrink.search == .reference && shrink.width == 3 && shrink.minChannels == 8)
        #expect(recipe.checkpoint.every == .steps(100) && recipe.timeout == 2.5 && recipe.isa == "avx2")
        #expect(try self.recipe(recipe.yaml) == recipe)
    }

    /// What a kind has no use for is neither there nor written.
    @Test(arguments: [
        ("sgd", 0.1, 0.9), ("adam", 0.001, 0), ("rmsprop", 0.01, 0),
    ])
    func optimizersHaveDefaults(kind: String, rate: Double, momentum: Double) throws {
        let recipe = try recipe(Self.least + "optimizer: {kind: \(kind)}\n")
        let optimizer = recipe.optimizer
        #expect(optimizer.kind.rawValue == kind && optimizer.learningRate == rate)
        #expect(optimizer.momentum == momentum && optimizer.weightDecay == 1e-4)
        #expect(optimizer.beta1 == 0.9 && optimizer.beta2 == 0.999 && optimizer.alpha == 0.99)
        #expect(optimizer.epsilon == 1e-8 && optimizer.clipNorm == nil)
        #expect(recipe.yaml.contains("beta1: 0.9") == (kind == "adam"))
        #expect(recipe.yaml.contains("alpha: 0.99") == (kind == "rmsprop"))
        #expect(recipe.yaml.contains("nesterov: false") == (kind == "sgd"))
        #expect(!recipe.yaml.contains("clip_norm") && !recipe.yaml.contains("warmup"))
        #expect(try self.recipe(recipe.yaml) == recipe)
    }

    @Test(arguments: [
        "{kind: adam, learning_rate: 1e-4, beta1: 0.8, beta2: 0.99, epsilon: 1e-6, clip_norm: 2.5}",
        "{kind: rmsprop, alpha: 0.9, momentum: 0.7, epsilon: 1e-3, weight_decay: 0}",
    ])
    func optimizersAreReadBack(text: String) throws {
        let others = "schedule: {kind: cosine, warmup_epochs: 0.5}\n"
        let recipe = try recipe(Self.least + "optimizer: \(text)\n" + others)
        #expect(recipe.schedule.warmupEpochs == 0.5 && recipe.optimizer.epsilon > 1e-8)
        #expect(try self.recipe(recipe.yaml) == recipe)
        #expect(try recipe.fingerprint != self.recipe(Self.least + others).fingerprint)
    }

    /// Runs of before there were other kinds can be resumed.
    @Test func theFingerprintOfSGDStays() throws {
        #expect(
            try recipe(Self.least).fingerprint
                == "b46484caf7a75c9e01aaf01ed6d4f844cc4743e6dfd4b3a2e6c4e41bb8056bec")
    }

    @Test(arguments: [
        ("540000", 540_000), ("0.54M", 540_000), ("12k", 12_000), ("1.5K", 1_500), ("4.1177G", 4_117_700_000),
        ("1e6", 1_000_000),
    ])
    func countsHaveSuffixes(text: String, count: Int) throws {
        let recipe = try recipe(Self.least + "shrink: {budget: {parameters: \(text)}}\n")
        #expect(recipe.shrink?.budget == .parameters(count))
    }

    @Test(arguments: [(1, 1), (8, 8), (32, 32), (96, 32)])
    func theShardFollowsASmallBatch(batch: Int, shard: Int) throws {
        #expect(try recipe(Self.least + "batch: \(batch)\n").shard == shard)
    }

    @Test func overridesReplaceAndAdd() throws {
        let text = Self.least + "shrink: {budget: {ratio: 0.5}, rho: 0.3}\ncheckpoint: {every_epochs: 3}\n"
        let recipe = try recipe(
            text,
            [
                "batch=128", "optimizer.learning_rate = 0.5", "shrink.budget.flops=1G", "shrink.rho=null",
                "checkpoint.every_steps=5", "data.format=cifar10", "data.path=/a = #b: c",
                "schedule.kind=step",
                "schedule.milestones=[1, 2]",
            ])
        #expect(recipe.batch == 128 && recipe.optimizer.learningRate == 0.5)
        #expect(recipe.shrink?.budget == .flops(1_000_000_000) && recipe.shrink?.rho == nil)
        #expect(recipe.checkpoint.every == .steps(5) && recipe.data.path == "/a = #b: c")
        #expect(recipe.schedule.course == .step(milestones: [1, 2], factor: 0.1))
    }

    @Test(arguments: ["shrink=null", "shrink=none", "shrink=", "shrink=~"])
    func shrinkingCanBeSwitchedOff(argument: String) throws {
        #expect(try recipe(Self.least + "shrink: {budget: {ratio: 0.5}}\n", [argument]).shrink == nil)
    }

    @Test func teachersHaveDefaults() throws {
        let plain = try recipe(Self.least)
        #expect(plain.loss.labelSmoothing == 0 && plain.distillation == nil)
        let logits = try recipe(
            Self.least + "distillation: {teacher: runs/a}\nloss: {label_smoothing: 0.1}\n")
        let teacher = try #require(logits.distillation)
        #expect(logits.loss.labelSmoothing == 0.1 && teacher.teacher == "runs/a" && teacher.digest == nil)
        #expect(teacher.kind == .logits && teacher.temperature == 4 && teacher.weight == 0.4)
        #expect(teacher.phases == .converge)
        let similarity = try recipe(
            Self.least + "distillation: {teacher: a, kind: similarity, phases: both}\n")
        #expect(similarity.distillation?.weight == 3000 && similarity.distillation?.phases == .both)
        let features = try recipe(Self.least + "distillation: {teacher: a, kind: features}\n")
        #expect(features.distillation?.weight == 1)
        for recipe in [logits, similarity, features] { #expect(try self.recipe(recipe.yaml) == recipe) }
        #expect(try recipe(Self.least, ["distillation=none"]).distillation == nil)
    }

    /// Where the teacher lies does not decide, but what it is.
    @Test func theFingerprintFollowsTheTeachersDigest() throws {
        let text = Self.least + "distillation: {teacher: a}\n"
        let digests = ["a", "b"].map { String(repeating: $0, count: 64) }
        #expect(
            try recipe(text, ["distillation.teacher=b"]).fingerprint == recipe(text).fingerprint)
        let fingerprints = try digests.map { try recipe(text, ["distillation.digest=\($0)"]).fingerprint }
        #expect(Set(fingerprints + [try recipe(text).fingerprint]).count == 3)
        #expect(try recipe(text).fingerprint != recipe(Self.least).fingerprint)
        #expect(
            try recipe(text, ["distillation.temperature=2"]).fingerprint != recipe(text).fingerprint)
    }

    @Test(arguments: [
        "max_steps=5", "checkpoint.keep=9", "checkpoint.every_steps=7", "evaluate.every_epochs=9",
        "timeout=5",
        "data.test_count=50",
    ])
    func theFingerprintIgnoresWhatDoesNotDecide(argument: String) throws {
        #expect(try recipe(Self.least, [argument]).fingerprint == recipe(Self.least).fingerprint)
    }

    @Test(arguments: [
        "seed=2", "batch=128", "shard=16", "epochs=4", "gradient_bits=20", "optimizer.momentum=0.8",
        "optimizer.kind=adam", "optimizer.clip_norm=1", "schedule.warmup_epochs=1", "schedule.kind=cosine",
        "loss.label_smoothing=0.1",
        "shrink.budget.ratio=0.5", "network=resnet32", "isa=avx2",
        "data.train_count=9",
    ])
    func theFingerprintFollowsWhatDecides(argument: String) throws {
        #expect(try recipe(Self.least, [argument]).fingerprint != recipe(Self.least).fingerprint)
    }

    @Test func theFingerprintIsOfMeaningNotOfText() throws {
        let other = "# hello\ndata:\n  format: 'synthetic'\nbatch: 64\nepochs: 3\nnetwork: \"resnet20\"\n"
        #expect(try recipe(other).fingerprint == recipe(Self.least).fingerprint)
        #expect(try recipe(other).fingerprint.count == 64)
    }

    @Test func theResolvedRecipeIsWrittenAndReadBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("recipe.yaml")
        let odd = "a\"b\\c\u{1}\u{85}é😀 #: "
        var recipe = try recipe(Self.least, ["data.format=cifar10", "data.path=x", "max_steps=3"])
        recipe.data.path = odd
        try recipe.write(to: path)
        #expect(try Recipe(path: path) == recipe)
        #expect(throws: RecipeError.self) { try recipe.write(to: folder.path("no/such/r.yaml")) }
    }

    static let shipped = Golden.packageRoot.appending(path: "cluster/recipes")

    /// Relative to `shipped`, those in folders too.
    static func shippedNames() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: shipped.path).filter { $0.hasSuffix(".yaml") }
            .sorted()
    }

    @Test(arguments: try shippedNames())
    func aShippedRecipeIsValidAndOpensWithItsLaunchLine(name: String) throws {
        let path = Self.shipped.appending(path: name).path
        let recipe = try Recipe(path: path)
        #expect(try self.recipe(recipe.yaml) == recipe)
        let first = try #require(
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").first)
        #expect(first.hasPrefix("# espalier train cluster/recipes/\(name) --workers 2"))
    }

    @Test("each short recipe has the search of the one that it shortens", arguments: try shippedNames())
    func shortRecipesSearchAlike(name: String) throws {
        guard name.hasPrefix("short/") else { return }
        let short = try Recipe(path: Self.shipped.appending(path: name).path)
        let full = try Recipe(path: Self.shipped.appending(path: String(name.dropFirst(6))).path)
        #expect(short.network == full.network)
        #expect(short.shrink == full.shrink)
        #expect(short.data.format == full.data.format)
        #expect(short.epochs < full.epochs)
    }
}
