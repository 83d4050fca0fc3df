extension Recipe {
    /// Reads and checks everything; problems go to `reader`. The result is a recipe only if there are none.
    init(_ reader: SettingsReader, networks: [String]) {
        network = reader.text("network") ?? ""
        if !reader.has("network") {
            reader.report("network", "missing; it names the network to train, such as resnet20")
        } else if !networks.isEmpty, !network.isEmpty, !networks.contains(network) {
            reader.report("network", SettingsReader.unknown("network", network, networks))
        }
        seed = UInt64(reader.whole("seed", 0...Int.max) ?? 1)
        (batch, shard) = Self.batchAndShard(reader)
        epochs = reader.whole("epochs", 1...100_000) ?? 1
        if !reader.has("epochs") { reader.report("epochs", "missing; passes over the training images") }
        maxSteps = reader.whole("max_steps", 1...1_000_000_000)
        precision = reader.choice("precision", Precision.self) ?? .fp32
        gradientBits = reader.whole("gradient_bits", 12...28) ?? 24
        data = DataSource(reader)
        optimizer = Optimizer(reader.section("optimizer"))
        schedule = Schedule(reader.section("schedule"), epochs: epochs)
        loss = Loss(reader.section("loss"))
        distillation =
            reader.isNone("distillation") ? nil : reader.section("distillation").map { Distillation($0) }
        shrink = reader.isNone("shrink") ? nil : reader.section("shrink").map { Shrink($0) }
        checkpoint = Checkpoints(reader.section("checkpoint"))
        evaluate = Evaluation(reader.section("evaluate"))
        isa = Self.isa(reader, precision)
        timeout = reader.number("timeout", .from(0.5, to: 86_400)) ?? 30
        reader.finish(elsewhere: Recipe.keys)
    }

    /// Shards of a global batch: what the bitmap of a data message has room for.
    static let shardsMax = 4_096

    private static func batchAndShard(_ reader: SettingsReader) -> (Int, Int) {
        let batch = reader.whole("batch", 1...65_536) ?? 64
        let given = reader.whole("shard", 1...4_096)
        let shard = given ?? min(32, batch)
        if batch % shard != 0 {
            let nearest = max(1, (batch + shard / 2) / shard) * shard
            reader.report(
                reader.has("batch") ? "batch" : "shard",
                "\(batch) images are not a multiple of the shard, which has \(shard); \(nearest) would be"
            )
        }
        if batch / shard > Self.shardsMax {
            reader.report(
                reader.has("shard") ? "shard" : "batch",
                "\(batch) images in shards of \(shard) are \(batch / shard) shards; "
                    + "at most \(Self.shardsMax) are allowed")
        }
        return (batch, shard)
    }

    private static func isa(_ reader: SettingsReader, _ precision: Precision) -> String {
        guard let isa = reader.text("isa") else { return "auto" }
        let isName =
            isa.utf8.count <= 40
            && isa.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789_".utf8.contains($0) }
        if !isName {
            reader.report(
                "isa", "expected auto or an instruction level such as avx512_core, got \"\(shown(isa))\"")
        }
        if precision.insufficientLevels.contains(isa) {
            reader.report(
                "isa",
                "\(isa) has no \(precision) arithmetic; use auto, avx512_core_bf16 or avx512_core_amx, "
                    + "or precision: fp32")
        }
        return isa
    }
}

extension Recipe.DataSource {
    init(_ parent: SettingsReader) {
        self.init(format: .synthetic, path: nil, imageSize: 32, trainCount: nil, testCount: nil)
        guard let reader = parent.section("data") else {
            if !parent.has("data") { parent.report("data", "missing; data.format says what to train on") }
            return
        }
        let format = reader.choice("format", Format.self)
        if !reader.has("format") {
            let known = Format.allCases.map(\.rawValue).joined(separator: ", ")
            reader.report("format", "missing; known: \(known)")
        }
        path = reader.text("path")
        let size = reader.whole("image_size", 8...1_024)
        let counts = (
            train: reader.whole("train_count", 1...100_000_000),
            test: reader.whole("test_count", 1...100_000_000)
        )
        if let format { resolve(format, size: size, counts: counts, reader) }
        reader.finish(elsewhere: Recipe.keys)
    }

    private mutating func resolve(
        _ format: Format, size: Int?, counts: (train: Int?, test: Int?), _ reader: SettingsReader
    ) {
        self.format = format
        if let fixed = format.fixedImageSize, let size, size != fixed {
            reader.report(
                "image_size", "\(format.rawValue) images are \(fixed) pixels wide; leave this key out")
        }
        imageSize = format.fixedImageSize ?? size ?? 224
        if format == .synthetic {
            if path != nil {
                reader.report("path", "synthetic images come from no folder; leave this key out")
            }
            trainCount = counts.train ?? 8_000
            testCount = counts.test ?? 2_000
        } else {
            if !reader.has("path") {
                reader.report(
                    "path",
                    "missing; the folder of the \(format.rawValue) images, relative to the current directory")
            }
            for key in ["train_count", "test_count"] where reader.has(key) {
                reader.report(key, "only synthetic images can be counted out; leave this key out")
            }
        }
    }
}

extension Recipe.Checkpoints {
    init(_ reader: SettingsReader?) {
        let epochs = reader?.whole("every_epochs", 1...100_000)
        let steps = reader?.whole("every_steps", 1...1_000_000_000)
        if epochs != nil, steps != nil {
            reader?.report("every_steps", "give every_epochs or every_steps, not both")
        }
        every = steps.map(Cadence.steps) ?? .epochs(epochs ?? 1)
        keep = reader?.whole("keep", 1...10_000) ?? 2
        reader?.finish(elsewhere: Recipe.keys)
    }
}

extension Recipe.Evaluation {
    init(_ reader: SettingsReader?) {
        everyEpochs = reader?.whole("every_epochs", 1...100_000) ?? 1
        reader?.finish(elsewhere: Recipe.keys)
    }
}
