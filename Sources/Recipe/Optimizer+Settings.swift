extension Recipe.Optimizer.Kind {
    /// Keys of `optimizer` that not every kind has a use for, and those of this kind.
    static let ownKeys: Set = ["momentum", "nesterov", "beta1", "beta2", "alpha", "epsilon"]

    var keys: Set<String> {
        switch self {
        case .sgd: ["momentum", "nesterov"]
        case .adam: ["beta1", "beta2", "epsilon"]
        case .rmsprop: ["alpha", "epsilon", "momentum"]
        }
    }

    var defaultLearningRate: Double {
        switch self {
        case .sgd: 0.1
        case .adam: 1e-3
        case .rmsprop: 1e-2
        }
    }
}

extension Recipe.Optimizer {
    init(_ reader: SettingsReader?) {
        let chosen = reader?.choice("kind", Kind.self)
        kind = chosen ?? .sgd
        learningRate = reader?.number("learning_rate", .above(0, to: 100)) ?? kind.defaultLearningRate
        weightDecay = reader?.number("weight_decay", .from(0, to: 1)) ?? 1e-4
        momentum = reader?.number("momentum", .from(0, below: 1)) ?? (kind == .sgd ? 0.9 : 0)
        nesterov = reader?.boolean("nesterov") ?? false
        beta1 = reader?.number("beta1", .from(0, below: 1)) ?? 0.9
        beta2 = reader?.number("beta2", .from(0, below: 1)) ?? 0.999
        alpha = reader?.number("alpha", .from(0, below: 1)) ?? 0.99
        epsilon = reader?.number("epsilon", .from(1e-12, to: 1)) ?? 1e-8
        clipNorm = reader?.number("clip_norm", .above(0, to: 1e6))
        if kind == .sgd, nesterov, momentum == 0 {
            reader?.report("nesterov", "needs a momentum above 0")
        }
        if let reader, chosen != nil || !reader.has("kind") { refuseOthers(reader) }
        reader?.finish(elsewhere: Recipe.keys)
    }

    /// Keys that mean nothing to the kind.
    private func refuseOthers(_ reader: SettingsReader) {
        for key in Kind.ownKeys.subtracting(kind.keys).sorted() where reader.has(key) {
            let others = Kind.allCases.filter { $0.keys.contains(key) }.map(\.rawValue)
            reader.report(
                key,
                "means nothing to \(kind.rawValue), only to \(others.joined(separator: " and ")); "
                    + "leave this key out")
        }
    }

    /// Keys and values as YAML writes them, defaults included.
    var written: [(key: String, value: String)] {
        let all: [(key: String, value: String)] = [
            ("kind", kind.rawValue), ("learning_rate", short(learningRate)), ("momentum", short(momentum)),
            ("weight_decay", short(weightDecay)), ("nesterov", "\(nesterov)"), ("beta1", short(beta1)),
            ("beta2", short(beta2)), ("alpha", short(alpha)), ("epsilon", short(epsilon)),
        ]
        return all.filter { !Kind.ownKeys.contains($0.key) || kind.keys.contains($0.key) }
            + (clipNorm.map { [("clip_norm", short($0))] } ?? [])
    }
}
