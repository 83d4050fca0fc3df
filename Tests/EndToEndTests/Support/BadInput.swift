import Foundation
import TestSupport

/// A command line that cannot be carried out, and what must be said about it.
struct BadInput: Sendable, CustomStringConvertible {
    let description: String
    var code: Int32 = 1
    /// What the lines of the complaint must contain, one entry a line.
    let lines: [String]
    /// Makes the files and returns the arguments.
    let prepare: @Sendable (TemporaryFolder) async throws -> [String]

    private init(
        _ description: String, code: Int32 = 1, _ lines: String...,
        prepare: @escaping @Sendable (TemporaryFolder) async throws -> [String]
    ) {
        self.description = description
        self.code = code
        self.lines = lines
        self.prepare = prepare
    }

    static let all = recipes + data + checkpoints + runs + networks + endpoints

    // MARK: Recipes and arguments

    private static let recipes = [
        BadInput("recipe missing", code: 2, "none.yaml: cannot be read: No such file") { folder in
            ["train", folder.path("none.yaml")]
        },
        BadInput(
            "several problems", code: 2, ":2: batch: expected a whole number",
            ":3: epocs: unknown key; did you mean",
            "epochs: missing", "data: missing"
        ) { folder in
            try train(folder, "network: resnet20\nbatch: many\nepocs: 3\n")
        },
        BadInput("unknown network", code: 2, "unknown network \"resnet21\"; did you mean resnet20?") {
            folder in
            try train(folder, synthetic + "network: resnet21\n")
        },
        BadInput("no YAML", code: 2, "recipe.yaml:") { folder in try train(folder, "network: [\n") },
        BadInput("--set without a value", code: 2, "--set nonsense: expected key=value") { folder in
            try train(folder, plain, "--set", "nonsense")
        },
        BadInput("--set of an unknown key", code: 2, "epoch: unknown key; did you mean epochs?") { folder in
            try train(folder, plain, "--set", "epoch=3")
        },
        BadInput("--set of a wrong type", code: 2, "batch: expected a whole number, got \"many\"") { folder in
            try train(folder, plain, "--set", "batch=many")
        },
        BadInput("too many shards", code: 2, "shard: 8192 images in shards of 1 are 8192 shards;") {
            folder in
            try train(folder, plain, "--set", "batch=8192", "--set", "shard=1")
        },
        BadInput("no recipe given", code: 2, "Missing expected argument") { _ in ["train"] },
        BadInput("unknown option", code: 2, "Unknown option '--fast'") { _ in ["train", "a.yaml", "--fast"] },
        BadInput("no workers", code: 2, "--workers is 0; it must be from 1 to") { folder in
            try train(folder, plain, "--workers", "0")
        },
        BadInput("nothing to search", code: 2, "no shrink section") { folder in
            ["shrink", try write(folder, plain)]
        },
    ]

    // MARK: Data

    private static let data = [
        BadInput("data folder missing", "nowhere: ") { folder in
            try train(folder, cifar(folder.path("nowhere")))
        },
        BadInput("CIFAR file truncated", "data_batch_1.bin: ") { folder in
            try record(label: 1, count: 70).dropLast().write(to: file(folder, "data_batch_1.bin"))
            try record(label: 1, count: 2).write(to: file(folder, "test_batch.bin"))
            return try train(folder, cifar(folder.path))
        },
        BadInput("label out of range", "data_batch_1.bin, record 70: label 10 is out of range") { folder in
            try (record(label: 1, count: 70) + record(label: 10, count: 1))
                .write(to: file(folder, "data_batch_1.bin"))
            try record(label: 1, count: 2).write(to: file(folder, "test_batch.bin"))
            return try train(folder, cifar(folder.path))
        },
        BadInput("too few images", "less than a batch") { folder in
            try record(label: 1, count: 3).write(to: file(folder, "data_batch_1.bin"))
            try record(label: 1, count: 2).write(to: file(folder, "test_batch.bin"))
            return try train(folder, cifar(folder.path))
        },
        BadInput("JPEG truncated", "/train/b/1.jpg: ") { folder in
            for split in ["train", "val"] {
                for (name, count) in [("a", 4), ("b", 4)] {
                    let place = folder.url.appending(path: "\(split)/\(name)")
                    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                    for index in 0..<count { try jpeg.write(to: place.appending(path: "\(index).jpg")) }
                }
            }
            try jpeg.prefix(jpeg.count / 2).write(to: file(folder, "train/b/1.jpg"))
            return try train(
                folder,
                "network: resnet20\nepochs: 1\nbatch: 8\n"
                    + "data: {format: imagefolder, path: \"\(folder.path)\", "
                    + "image_size: 32}\n")
        },
    ]

    // MARK: Checkpoints

    private static let checkpoints =
        ["digest", "evaluate"].flatMap { command in
            [
                BadInput("\(command) of nothing", "nowhere: ") { folder in [command, folder.path("nowhere")]
                },
                BadInput("\(command) of no checkpoint", "neither a checkpoint nor") { folder in
                    [command, folder.path]
                },
                BadInput("\(command) of a flipped byte", "model.safetensors: ") { folder in
                    [command, try await Spoilt.run(in: folder) { $0[$0.count / 2] ^= 1 }]
                },
                BadInput("\(command) of a truncated file", "model.safetensors: ") { folder in
                    [command, try await Spoilt.run(in: folder) { $0.removeLast(100) }]
                },
                BadInput("\(command) of a spoilt manifest", "manifest.json: ") { folder in
                    [command, try await Spoilt.run(in: folder, "manifest.json") { $0.removeLast(100) }]
                },
            ]
        } + [
            BadInput("resume of a flipped byte", "model.safetensors: ") { folder in
                let run = try await Spoilt.run(in: folder) { $0[$0.count / 2] ^= 1 }
                return try train(folder, TestRecipe.plain.text, "--resume", run: run)
            },
            BadInput("resume of a truncated file", "optimizer.safetensors: ") { folder in
                let run = try await Spoilt.run(in: folder, "optimizer.safetensors") { $0.removeLast(100) }
                return try train(folder, TestRecipe.plain.text, "--resume", run: run)
            },
        ]

    // MARK: Runs

    private static let runs = [
        BadInput("resume by another recipe", "written by another recipe") { folder in
            let run = try await Reference.shared.result(.plain).run
            return try train(folder, TestRecipe.plain.text, "--resume", "--set", "seed=2", run: run)
        },
        BadInput("no teacher", "nowhere: no such folder") { folder in
            try train(folder, plain, "--set", "distillation.teacher=\(folder.path("nowhere"))")
        },
        BadInput("teacher for other classes", "trained for 10 other classes") { folder in
            let run = try await Reference.shared.result(.plain).run
            try record(label: 1, count: 70).write(to: file(folder, "data_batch_1.bin"))
            try record(label: 1, count: 2).write(to: file(folder, "test_batch.bin"))
            return try train(folder, cifar(folder.path), "--set", "distillation.teacher=\(run)")
        },
        BadInput("folder with a run", "holds a run already; go on with it by --resume") { folder in
            let run = try await Reference.shared.result(.plain).run
            return try train(folder, TestRecipe.plain.text, run: run)
        },
        BadInput("folder that is a file", "file: ") { folder in
            try Data().write(to: file(folder, "file"))
            return try train(folder, plain, run: folder.path("file"))
        },
        BadInput("status of nothing", "nowhere: is no run's folder") { folder in
            ["status", folder.path("nowhere")]
        },
        BadInput("status of no run", "is no run's folder") { folder in ["status", folder.path] },
    ]

    // MARK: Networks, endpoints

    private static let networks = [
        BadInput("describe an unknown network", "unknown network \"resnet21\"; the nearest known") { _ in
            ["describe", "resnet21"]
        },
        BadInput("describe an impossible size", "input side is 1") { _ in
            ["describe", "resnet20", "--input", "1"]
        },
    ]

    /// Port 1 of this machine: nobody listens there.
    private static let nobody = "tcp://127.0.0.1:1"

    private static let endpoints = [
        BadInput("join nobody", "the coordinator at \(nobody) was not heard of for 1.0 seconds") { _ in
            ["worker", "--join", nobody, "--timeout", "1"]
        },
        BadInput("join nonsense", "bad endpoint \"nonsense\"") { _ in ["worker", "--join", "nonsense"] },
        BadInput("status of nobody", "\(nobody): no coordinator answered") { _ in ["status", nobody] },
        BadInput("status of nonsense", "bad endpoint \"tcp://x:port\"") { _ in ["status", "tcp://x:port"] },
        BadInput("listen to nonsense", "bad endpoint \"nonsense\"") { folder in
            ["coordinator", try write(folder, plain), "--listen", "nonsense", "--run", folder.path("run")]
        },
    ]
}

// MARK: - Making of

extension BadInput {
    private static let synthetic = "epochs: 1\ndata: {format: synthetic, train_count: 64, test_count: 8}\n"
    private static let plain = synthetic + "network: resnet20\n"

    private static func cifar(_ path: String) -> String {
        "network: resnet20\nepochs: 1\ndata: {format: cifar10, path: \"\(path)\"}\n"
    }

    private static func write(_ folder: TemporaryFolder, _ recipe: String) throws -> String {
        try recipe.write(toFile: folder.path("recipe.yaml"), atomically: true, encoding: .utf8)
        return folder.path("recipe.yaml")
    }

    private static func train(
        _ folder: TemporaryFolder, _ recipe: String, _ others: String..., run: String? = nil
    ) throws -> [String] {
        ["train", try write(folder, recipe), "--run", run ?? folder.path("run")] + others
    }

    private static func file(_ folder: TemporaryFolder, _ name: String) -> URL {
        folder.url.appending(path: name)
    }

    /// CIFAR-10 records of one label.
    private static func record(label: UInt8, count: Int) -> Data {
        Data((0..<count).flatMap { _ in [label] + [UInt8](repeating: 100, count: 3072) })
    }

    /// A grey JPEG of 64×64.
    private static let jpeg = Data(
        base64Encoded: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdB\
            RkxOUlNSMj5aYVpQYEpRUk//wAALCABAAEABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAwYE/8QAFRABAQAAAAAAAAAAAAAA\
            AAAAAgD/2gAIAQEAAD8A1lyFyFylyFSFSFSlU0XIXKXIXIXKVIVIVTJcpchUpUpUhUpUhVMFylyFylylyFSlSlUuXKXIXKXK\
            XKXKXIVSxcpcpcpcpUpUpUpVKlylylylzFylylSlUoXKXKXMVKVKVKVKVf/Z
            """)!
}
