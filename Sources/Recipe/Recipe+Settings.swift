import Digest

extension Recipe {
    /// One key with its value, as YAML writes it.
    struct Setting {
        let key: String
        let value: String
        /// Whether another value gives other weights. The others may change when a run is resumed.
        let decides: Bool

        init(_ key: String, _ value: String, decides: Bool = true) {
            self.key = key
            self.value = value
            self.decides = decides
        }
    }

    /// Every key that a recipe may have, with its section.
    static let keys = mainKeys + Loss.keys + Distillation.keys

    private static let mainKeys = [
        "network", "seed", "batch", "shard", "epochs", "max_steps", "precision", "gradient_bits",
        "data.format",
        "data.path", "data.image_size", "data.train_count", "data.test_count", "optimizer.kind",
        "optimizer.learning_rate", "optimizer.momentum", "optimizer.weight_decay", "optimizer.nesterov",
        "optimizer.beta1", "optimizer.beta2", "optimizer.alpha", "optimizer.epsilon", "optimizer.clip_norm",
        "schedule.kind", "schedule.milestones", "schedule.factor", "schedule.warmup_epochs", "shrink.method",
        "shrink.width", "shrink.groups", "shrink.embedding", "shrink.steps", "shrink.importance",
        "shrink.search", "shrink.penalty", "shrink.strength", "shrink.threshold", "shrink.check_every",
        "shrink.tolerance", "shrink.seed", "shrink.plan", "shrink.budget.ratio", "shrink.budget.flops",
        "shrink.budget.flops_of_baseline", "shrink.budget.parameters", "shrink.rho", "shrink.tau",
        "shrink.min_channels", "checkpoint.every_epochs", "checkpoint.every_steps",
        "checkpoint.keep", "evaluate.every_epochs", "isa", "timeout",
    ]

    /// SHA-256, 64 hexadecimal digits, over every key and value that decides the weights, defaults included.
    ///
    /// Left out, so that they may differ when a run is resumed or a worker joins: `max_steps`, `checkpoint`,
    /// `evaluate`, `timeout`, `data.path` (the images have a fingerprint of their own), and `shrink.plan`
    /// (the run keeps the plan).
    public var fingerprint: String {
        var hash = SHA256()
        for setting in settings where setting.decides {
            hash.update("\(setting.key)=\(setting.value)\n")
        }
        return hash.finish()
    }

    /// The recipe with all its defaults written out, as a recipe file. Reading it gives an equal recipe.
    public var yaml: String {
        var lines: [String] = []
        var open: [Substring] = []
        for setting in settings {
            let parts = setting.key.split(separator: ".")
            for (depth, section) in parts.dropLast().enumerated()
            where open.count <= depth || open[depth] != section {
                open = Array(parts.prefix(depth + 1))
                lines.append(String(repeating: "  ", count: depth) + "\(section):")
            }
            open = Array(open.prefix(parts.count - 1))
            lines.append(
                String(repeating: "  ", count: parts.count - 1)
                    + "\(parts[parts.count - 1]): \(setting.value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var settings: [Setting] {
        [
            Setting("network", Self.quoted(network)),
            Setting("seed", "\(seed)"),
            Setting("batch", "\(batch)"),
            Setting("shard", "\(shard)"),
            Setting("epochs", "\(epochs)"),
        ] + (maxSteps.map { [Setting("max_steps", "\($0)", decides: false)] } ?? []) + [
            Setting("precision", precision.rawValue),
            Setting("gradient_bits", "\(gradientBits)"),
        ] + dataSettings + optimizerSettings + loss.settings + (distillation?.settings ?? [])
            + shrinkSettings + runSettings
    }

    private var dataSettings: [Setting] {
        [Setting("data.format", data.format.rawValue)]
            + (data.path.map { [Setting("data.path", Self.quoted($0), decides: false)] } ?? [])
            + [Setting("data.image_size", "\(data.imageSize)")]
            + (data.trainCount.map { [Setting("data.train_count", "\($0)")] } ?? [])
            + (data.testCount.map { [Setting("data.test_count", "\($0)", decides: false)] } ?? [])
    }

    private var optimizerSettings: [Setting] {
        optimizer.written.map { Setting("optimizer.\($0.key)", $0.value) }
            + schedule.written.map { Setting("schedule.\($0.key)", $0.value) }
    }

    private var shrinkSettings: [Setting] {
        (shrink?.written ?? []).map { Setting("shrink.\($0.key)", $0.value, decides: $0.decides) }
    }

    private var runSettings: [Setting] {
        let every =
            switch checkpoint.every {
            case .epochs(let count): ("every_epochs", count)
            case .steps(let count): ("every_steps", count)
            }
        return [
            Setting("checkpoint.\(every.0)", "\(every.1)", decides: false),
            Setting("checkpoint.keep", "\(checkpoint.keep)", decides: false),
            Setting("evaluate.every_epochs", "\(evaluate.everyEpochs)", decides: false),
            Setting("isa", Self.quoted(isa)),
            Setting("timeout", short(timeout), decides: false),
        ]
    }

    /// A YAML double-quoted scalar.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{20}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{feff}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
