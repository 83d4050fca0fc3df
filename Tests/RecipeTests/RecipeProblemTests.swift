import Foundation
import Recipe
import TestSupport
import Testing

/// What is refused, and in which words.
@Suite struct RecipeProblemTests {
    /// A recipe that is wrong in one way, and a part of the line that has to say so.
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let expected: String

        init(_ text: String, _ expected: String) {
            self.text = text
            self.expected = expected
        }

        var testDescription: String { expected }
    }

    static let least = "network: resnet20\nepochs: 3\ndata: {format: synthetic}\n"
    static let networks = ["resnet20", "resnet32", "resnet56", "mobilenetv2"]

    func lines(_ text: String, _ overrides: [String] = []) -> [String] {
        let error = #expect(throws: RecipeError.self) {
            try Recipe(text: text, file: "r.yaml", overrides: overrides, networks: Self.networks)
        }
        for line in error?.lines ?? [] { #expect(!line.contains("\n"), "\(line)") }
        return error?.lines ?? []
    }

    /// Each is appended to a valid recipe of three lines.
    static let oneProblem: [Case] = [
        Case("batch: many", "r.yaml:4: batch: expected a whole number, got \"many\""),
        Case("batch: 64.5", "batch: expected a whole number, got \"64.5\""),
        Case("batch: '64'", "batch: expected a whole number, got the quoted text \"64\""),
        Case("batch: [64]", "batch: expected a whole number, got a list"),
        Case("batch: {a: 1}", "batch: expected a whole number, got a section"),
        Case("batch: 0", "batch: expected 1 to 65536, got 0"),
        Case("batch: -64", "batch: expected 1 to 65536, got -64"),
        Case("batch: 99999999999999999999999", "batch: expected 1 to 65536"),
        Case("batch: 0x40", "expected a whole number"),
        Case("batch: 48", "batch: 48 images are not a multiple of the shard, which has 32; 64 would be"),
        Case("shard: 24", "shard: 64 images are not a multiple of the shard, which has 24; 72 would be"),
        Case("seed: -1", "seed: expected 0 to"),
        Case("seed: 9223372036854775808", "seed: expected 0 to"),
        Case("max_steps: 0", "max_steps: expected 1 to"),
        Case("precision: fp64", "precision: unknown value \"fp64\"; known: fp32, bf16"),
        Case("precision: bf16\nisa: avx512_core", "isa: avx512_core has no bf16 arithmetic; use auto"),
        Case("gradient_bits: 11", "gradient_bits: expected 12 to 28, got 11"),
        Case("gradient_bits: 29", "gradient_bits: expected 12 to 28, got 29"),
        Case("bacth: 64", "bacth: unknown key; did you mean batch?"),
        Case("Max-Steps: 64", "Max-Steps: unknown key; did you mean max_steps?"),
        Case("learning_rate: 1", "learning_rate: unknown key; did you mean optimizer.learning_rate?"),
        Case("zzzzzz: 1", "zzzzzz: unknown key; known: network, seed, batch"),
        Case("optimizer: sgd", "optimizer: expected a section of keys, got \"sgd\""),
        Case("optimizer: [1]", "optimizer: expected a section of keys, got a list"),
        Case(
            "optimizer: {kind: lamb, beta1: 0}",
            "optimizer.kind: unknown value \"lamb\"; known: sgd, adam, rmsprop"),
        Case(
            "optimizer: {kind: adam, momentum: 0.9}",
            "optimizer.momentum: means nothing to adam, only to sgd and rmsprop; leave this key out"),
        Case("optimizer: {kind: adam, nesterov: true}", "optimizer.nesterov: means nothing to adam, only to"),
        Case("optimizer: {beta1: 0.9}", "optimizer.beta1: means nothing to sgd, only to adam; leave this"),
        Case("optimizer: {kind: rmsprop, beta2: 0.9}", "optimizer.beta2: means nothing to rmsprop"),
        Case("optimizer: {alpha: 0.9}", "optimizer.alpha: means nothing to sgd, only to rmsprop"),
        Case("optimizer: {epsilon: 1}", "optimizer.epsilon: means nothing to sgd, only to adam and rmsprop"),
        Case("optimizer: {kind: adam, beta2: 1}", "optimizer.beta2: expected from 0 to below 1, got 1"),
        Case("optimizer: {kind: adam, epsilon: 0}", "optimizer.epsilon: expected from 1e-12 to 1, got 0"),
        Case("optimizer: {clip_norm: 0}", "optimizer.clip_norm: expected above 0 to 1000000, got 0"),
        Case(
            "optimizer: {lerning_rate: 1}", "optimizer.lerning_rate: unknown key; did you mean learning_rate?"
        ),
        Case("optimizer: {learning_rate: 0}", "optimizer.learning_rate: expected above 0 to 100, got 0"),
        Case("optimizer: {learning_rate: .inf}", "expected a number, got \".inf\""),
        Case("optimizer: {learning_rate: nan}", "expected a number, got \"nan\""),
        Case("optimizer: {learning_rate: 1e999}", "expected a number, got \"1e999\""),
        Case("optimizer: {learning_rate: 0x1p3}", "expected a number"),
        Case("optimizer: {momentum: 1}", "optimizer.momentum: expected from 0 to below 1, got 1"),
        Case("optimizer: {nesterov: 1}", "optimizer.nesterov: expected true or false, got \"1\""),
        Case("optimizer: {nesterov: true, momentum: 0}", "optimizer.nesterov: needs a momentum above 0"),
        Case("schedule: {kind: steps}", "schedule.kind: unknown value \"steps\"; did you mean step?"),
        Case("schedule: {kind: step}", "schedule.milestones: missing"),
        Case("schedule: {kind: step, milestones: []}", "expected a list of 1 to 64 numbers"),
        Case("schedule: {kind: step, milestones: 3}", "expected a list of 1 to 64 numbers, got \"3\""),
        Case("schedule: {kind: step, milestones: [2, x]}", "milestones: expected a number, got \"x\""),
        Case("schedule: {kind: step, milestones: [2, 1]}", "must ascend; in epochs they are"),
        Case("schedule: {kind: step, milestones: [2, 0.5]}", "must ascend"),
        Case("schedule: {warmup_epochs: -1}", "schedule.warmup_epochs: expected from 0 to 100000, got -1"),
        Case("schedule: {warmup_epochs: 99}", "schedule.warmup_epochs: 99 is more than the run's"),
        Case("schedule: {kind: cosine, factor: 0.5}", "schedule.factor: is for kind: step only"),
        Case("loss: {label_smoothing: 1}", "loss.label_smoothing: expected from 0 to below 1, got 1"),
        Case("loss: {smoothing: 0}", "loss.smoothing: unknown key"),
        Case("distillation: {}", "distillation.teacher: missing; a checkpoint's folder"),
        Case("distillation: {teacher: t, kind: feature}", "\"feature\"; did you mean features?"),
        Case(
            "distillation: {teacher: t, kind: features, phases: both}",
            "distillation.phases: kind: features is for the converge phase only"),
        Case(
            "distillation: {teacher: t, weight: 1.5}", "distillation.weight: expected above 0 to 1, got 1.5"),
        Case("distillation: {teacher: t, temperature: 0}", "distillation.temperature: expected above 0"),
        Case("distillation: {teacher: t, kind: similarity, temperature: 2}", "is for kind: logits only"),
        Case("distillation: {teacher: t, phases: search}", "distillation.phases: unknown value \"search\""),
        Case("distillation: {teacher: t, digest: abc}", "digest: expected what espalier digest prints"),
        Case("shrink: {}", "shrink.budget: missing; give one of ratio"),
        Case("shrink: yes", "shrink: expected a section of keys, got \"yes\""),
        Case("shrink: {budget: 0.5}", "shrink.budget: expected a section of keys, got \"0.5\""),
        Case("shrink: {budget: {}}", "shrink.budget: give exactly one of"),
        Case("shrink: {budget: {ratio: 0.5, flops: 1G}}", "there is ratio, flops"),
        Case("shrink: {budget: {ratio: 1.5}}", "shrink.budget.ratio: expected above 0 to 1, got 1.5"),
        Case("shrink: {budget: {flops: 3.7X}}", "flops: expected a count such as 540000, 0.54M or 3.73G"),
        Case("shrink: {budget: {flops: G}}", "expected a count"),
        Case("shrink: {budget: {flops: 0}}", "flops: expected 1 to 1000000000000000"),
        Case("shrink: {budget: {flops: 1e300G}}", "flops: expected 1 to"),
        Case("shrink: {budget: {parameters: -1M}}", "parameters: expected 1 to"),
        Case("shrink: {budget: {ratio: 0.5}, rho: 0}", "shrink.rho: expected above 0 to 1, got 0"),
        Case("shrink: {budget: {ratio: 0.5}, width: 9}", "shrink.width: expected 1 to 8, got 9"),
        Case("checkpoint: {every_epochs: 1, every_steps: 2}", "give every_epochs or every_steps, not both"),
        Case("checkpoint: {keep: 0}", "checkpoint.keep: expected 1 to"),
        Case("evaluate: {every_epochs: 0}", "evaluate.every_epochs: expected 1 to"),
        Case("isa: 'AVX 512'", "isa: expected auto or an instruction level"),
        Case("timeout: 0", "timeout: expected from 0.5 to 86400"),
        Case("<<: {batch: 3}", "<<: unknown key"),
    ]

    @Test(arguments: oneProblem)
    func oneProblemIsOneLine(problem: Case) {
        let lines = lines(Self.least + problem.text + "\n")
        #expect(lines.count == 1, "\(lines)")
        #expect(lines.first?.contains(problem.expected) == true, "\(lines)")
        #expect(lines.first?.hasPrefix("r.yaml:") == true)
    }

    static let data: [Case] = [
        Case("format: cifar10", "data.path: missing; the folder of the cifar10 images"),
        Case("format: cifer10\n  path: x", "data.format: unknown value \"cifer10\"; did you mean cifar10?"),
        Case("path: x", "data.format: missing; known: synthetic, cifar10"),
        Case("format: synthetic\n  path: x", "data.path: synthetic images come from no folder"),
        Case(
            "format: cifar10\n  path: x\n  image_size: 64",
            "data.image_size: cifar10 images are 32 pixels wide"),
        Case("format: cifar10\n  path: x\n  train_count: 64", "data.train_count: only synthetic images"),
        Case("format: cifar10\n  path: [x]", "data.path: expected text, got a list"),
        Case("format: imagefolder\n  path: x\n  image_size: 4", "data.image_size: expected 8 to 1024, got 4"),
    ]

    @Test(arguments: data)
    func dataProblemsAreNamed(problem: Case) {
        let lines = lines("network: resnet20\nepochs: 3\ndata:\n  \(problem.text)\n")
        #expect(lines.count == 1 && lines.first?.contains(problem.expected) == true, "\(lines)")
    }

    static let whole: [Case] = [
        Case("", "r.yaml: empty; a recipe has at least"),
        Case("# nothing\n\n", "empty"),
        Case("---\n...\n", "empty"),
        Case("null", "empty"),
        Case("resnet20", "a recipe is a section of keys, this is \"resnet20\""),
        Case("- a\n- b", "a recipe is a section of keys, this is a list"),
        Case("a: 1\na: 2", "the key \"a\" is there twice"),
        Case("a: 1\n---\nb: 2", "not YAML: but found another document"),
        Case("a: [1", "r.yaml:2: not YAML"),
        Case("a: b: c", "r.yaml:1: not YAML"),
        Case("\tbatch: 3", "not YAML"),
        Case("a: \u{1}", "not YAML"),
        Case("[1, 2]: 3", "a key must be plain text"),
        Case("? {a: 1}\n: 3", "a key must be plain text"),
        Case("a: &x 1\nb: *x", "anchors (&) and aliases (*) are not for recipes"),
        Case("&a b: 1", "a key must be plain text"),
        Case("a: *missing", "not YAML"),
        Case("a: \"\\ud800\"", "not YAML"),
        Case(String(repeating: "[", count: 30) + String(repeating: "]", count: 30), "deep"),
        Case("a: " + String(repeating: "[", count: 30_000), "not YAML"),
        Case(String(repeating: "- ", count: 30_000), "not YAML"),
        Case(String(repeating: "? ", count: 30_000), "not YAML"),
        Case("a: [" + String(repeating: "1,", count: 5_000) + "1]", "more than 4096 values"),
        Case("a: '" + String(repeating: "x", count: 300_000) + "'", "larger than 256 KiB"),
    ]

    @Test(.timeLimit(.minutes(10)), arguments: whole)
    func aFileThatIsNoRecipeIsRefused(problem: Case) {
        let lines = lines(problem.text)
        #expect(lines.count == 1 && lines.first?.contains(problem.expected) == true, "\(lines)")
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["", "? ", "- "])
    func aBombOfAliasesIsRefusedBeforeItUnfolds(prefix: String) {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            let list = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "\(prefix)a\(level): &a\(level) [\(list)]\n"
        }
        text += "? [*a39]\n: 1\n? [*a39, 1]\n: 2\n"
        #expect(lines(text).count == 1)
    }

    @Test func aSmallBombIsRefusedToo() {
        let text = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n? *c\n: 1\n? [*c]\n: 2\n"
        #expect(lines(text).first?.contains("anchors") == true)
    }

    @Test func allProblemsAreListedInTheirOrder() {
        let text = """
            network: resnet21
            batch: many
            bacth: 3
            optimizer:
              momentum: 2
              kind: x
            shrink: {width: 0}
            """
        let lines = lines(text, ["epochs=few", "nothing", "=3", "a..b=3", "optimizer.momentum=4"])
        let expected = [
            "r.yaml:1: network: unknown network \"resnet21\"; did you mean resnet20?",
            "r.yaml:2: batch: expected a whole number", "r.yaml:3: bacth: unknown key; did you mean batch?",
            "r.yaml:6: optimizer.kind: unknown value",
            "r.yaml:7: shrink.width: expected 1 to 8, got 0", "r.yaml:7: shrink.budget: missing",
            "r.yaml: data: missing",
            "--set nothing: expected key=value", "--set =3: expected key=value",
            "--set a..b=3: expected key=value",
            "--set epochs=few: epochs: expected a whole number, got \"few\"",
            "--set optimizer.momentum=4: optimizer.momentum: expected from 0 to below 1, got 4",
        ]
        #expect(lines.count == expected.count, "\(lines.joined(separator: "\n"))")
        for line in expected { #expect(lines.contains { $0.hasPrefix(line) }, "\(line) not in \(lines)") }
        #expect(lines.prefix(3).map { $0.prefix(9) } == ["r.yaml:1:", "r.yaml:2:", "r.yaml:3:"])
    }

    @Test(arguments: ["batch={a: 1", "data=[*x]", "batch='", "data={format: &a synthetic}"])
    func aMalformedOverrideIsNamed(argument: String) {
        let lines = lines(Self.least, [argument])
        #expect(lines.count == 1 && lines.first?.hasPrefix("--set \(argument)") == true, "\(lines)")
    }

    @Test func whatIsMissingIsNamed() {
        let lines = lines("batch: 32\n")
        #expect(lines.count == 3)
        for key in ["network: missing", "epochs: missing", "data: missing"] {
            #expect(lines.contains { $0.contains(key) }, "\(lines)")
        }
    }

    @Test func anUnreadableFileIsNamed() throws {
        let folder = try TemporaryFolder()
        let invalid = folder.path("invalid.yaml")
        try Data([0x61, 0x3A, 0xFF, 0xFE]).write(to: URL(filePath: invalid))
        let large = folder.path("large.yaml")
        try Data(repeating: 0x20, count: 1 << 20).write(to: URL(filePath: large))
        for (path, expected) in [
            (folder.path("none.yaml"), "No such file or directory"), (folder.path, "Is a directory"),
            (invalid, "not UTF-8 text"), (large, "larger than 256 KiB"), ("/dev/zero", "larger than 256 KiB"),
        ] {
            let error = #expect(throws: RecipeError.self) { try Recipe(path: path) }
            #expect(
                error?.lines.count == 1 && error?.description.contains(expected) == true, "\(error as Any)")
            #expect(error?.description.hasPrefix(path) == true)
        }
    }
}
