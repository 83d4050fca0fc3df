// swift-tools-version: 6.2
import PackageDescription

// Targets follow docs/ARCHITECTURE.md: leaves, maths, cluster, roof. Tests/TidyTests checks the import lines.

func systemLibrary(_ name: String, apt package: String) -> Target {
    .systemLibrary(name: name, providers: [.apt([package])])
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies + [.target(name: "TestSupport")])
}

let package = Package(
    name: "espalier",
    products: [.executable(name: "espalier", targets: ["espalier"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // System libraries: a module map and a shim header each.
        systemLibrary("COpenBLAS", apt: "libopenblas-dev"),
        systemLibrary("COneDNN", apt: "libdnnl-dev"),
        systemLibrary("CZeroMQ", apt: "libzmq3-dev"),
        systemLibrary("CLZ4", apt: "liblz4-dev"),
        systemLibrary("CTurboJPEG", apt: "libturbojpeg0-dev"),
        systemLibrary("CSodium", apt: "libsodium-dev"),
        .target(
            name: "CKernels",
            cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra"])]),

        // Leaves: both columns may use them.
        .target(name: "Digest", dependencies: ["CSodium"]),
        .target(name: "Randomness"),

        // Maths.
        .target(name: "TensorCore", dependencies: ["COneDNN", "COpenBLAS", "CKernels"]),
        .target(name: "NeuralNet", dependencies: ["TensorCore", "CKernels", "Randomness"]),
        .target(name: "Hypernet", dependencies: ["NeuralNet", "TensorCore", "CKernels", "Randomness"]),
        .target(name: "ModelZoo", dependencies: ["NeuralNet"]),
        .target(name: "ImageData", dependencies: ["CTurboJPEG", "Randomness", "Digest"]),

        // Cluster.
        .target(name: "Recipe", dependencies: ["Yams", "Digest"]),
        .target(
            name: "ClusterCore",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["Messages/messages.proto"]),
        .target(name: "Transport", dependencies: ["CZeroMQ"]),
        .target(name: "Collective", dependencies: ["CLZ4", "CKernels"]),

        // Roof.
        .target(name: "Checkpoint", dependencies: ["Digest"]),
        .target(name: "Observe"),
        .target(
            name: "Training",
            dependencies: [
                "TensorCore", "NeuralNet", "Hypernet", "ModelZoo", "ImageData", "Recipe", "ClusterCore",
                "Transport", "Collective", "Checkpoint", "Observe", "Digest", "Randomness",
            ]),
        .target(
            name: "Bench",
            dependencies: [
                "Training", "NeuralNet", "Hypernet", "ModelZoo", "TensorCore", "CKernels", "Digest",
                "Randomness", "ClusterCore", "Collective", "Transport",
            ]),
        .target(
            name: "Simulation", dependencies: ["Training", "ClusterCore", "Collective", "Transport"]),
        .executableTarget(
            name: "espalier",
            dependencies: [
                "Bench", "Simulation", "Training", "NeuralNet", "Hypernet", "ModelZoo", "ImageData", "Recipe",
                "Checkpoint",
                "Observe",
                "TensorCore", "ClusterCore", "Transport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tests, one folder per target, and what they share.
        .target(
            name: "TestSupport", dependencies: ["Checkpoint", "Hypernet", "NeuralNet", "TensorCore"],
            path: "Tests/TestSupport"),
        tests("CKernels", ["CKernels", "NeuralNet"]),
        tests("TensorCore", ["TensorCore"]),
        tests("NeuralNet", ["NeuralNet", "Hypernet", "ModelZoo", "TensorCore", "Randomness"]),
        tests("Hypernet", ["Hypernet", "NeuralNet", "ModelZoo", "TensorCore", "Randomness"]),
        tests("ModelZoo", ["ModelZoo", "NeuralNet"]),
        tests("ImageData", ["ImageData"]),
        tests("Recipe", ["Recipe"]),
        tests("ClusterCore", ["ClusterCore", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
        tests("Transport", ["Transport"]),
        tests("Collective", ["Collective"]),
        tests("Checkpoint", ["Checkpoint", "Digest"]),
        tests("Observe", ["Observe"]),
        tests(
            "Training",
            [
                "Training", "NeuralNet", "ModelZoo", "Hypernet", "Recipe", "ImageData", "TensorCore",
                "ClusterCore",
                "Collective", "Transport", "Observe",
            ]),
        tests("ClusterSimulation", ["Simulation"]),
        tests("Bench", ["Bench", "Hypernet", "ModelZoo", "NeuralNet", "TensorCore"]),
        tests("EndToEnd", ["espalier", "ClusterCore", "Collective", "Transport", "TensorCore"]),
        tests("Tidy"),
    ]
)

for target in package.targets where target.type != .system && target.name != "CKernels" {
    target.swiftSettings = [
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        // Tests are built for release, too: they compute much, and share the command's build.
        .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
    ]
}
