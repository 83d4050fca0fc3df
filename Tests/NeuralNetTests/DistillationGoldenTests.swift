import Checkpoint
import Foundation
import TestSupport
import Testing

@testable import NeuralNet

/// The losses of METHODS, section 4, and their gradients are the papers' code's.
///
/// Tolerance: of fp32 values and gradients that come of fp64 arithmetic, relative to the largest; the golden
/// code's own fp32 run is off by more.
struct DistillationGoldenTests {
    static let tolerance = 1e-6
    static let cases: [String] = {
        guard let file = Golden.file("kd/index.json"), let index = try? file.json() as? [String: Any]
        else { return [] }
        return index.keys.filter { $0 != "fp64_checksums" }.sorted()
    }()

    @Test("there are golden values", .enabled(if: Golden.folder("kd") != nil))
    func coverage() { #expect(Self.cases.count >= 10) }

    @Test(arguments: cases)
    func isTheReference(_ name: String) throws {
        let file = try #require(Golden.file("kd/kd.safetensors")).tensors()
        let student = try Rows(file, "\(name).student")
        let teacher = file["\(name).teacher"] == nil ? student : try Rows(file, "\(name).teacher")
        let labels = file["\(name).labels"] == nil ? [] : try file.int64s("\(name).labels").map { Int($0) }
        var gradient = [Float](repeating: 0, count: student.values.count)
        let value: Double
        switch name {
        case "cross_entropy":
            value = crossEntropy(student, labels, share: 1, &gradient)
        case "kd_total_04_06":
            let plain = 0.6 * crossEntropy(student, labels, share: 0.6, &gradient)
            value = plain + 0.4 * softTargets(student, teacher, share: 0.4, &gradient)
        case "sp_logits_x3000_plus_ce":
            let plain = crossEntropy(student, labels, share: 1, &gradient)
            value = try plain + 3000 * similarity(student, teacher, share: 3000, &gradient)
        case "mse_inter":
            value = features(student, teacher, &gradient)
        case "sp_inter_two_layers":
            var unused = [Float](repeating: 0, count: try Rows(file, "\(name).student2").values.count)
            let second = try similarity(
                Rows(file, "\(name).student2"), Rows(file, "\(name).teacher2"), share: 0, &unused)
            value = try 1500 * (similarity(student, teacher, share: 1500, &gradient) + second)
        case _ where name.hasPrefix("distillation_T4"):
            value = softTargets(student, teacher, share: 1, &gradient)
        case _ where name.hasPrefix("sp_"):
            value = try similarity(student, teacher, share: 1, &gradient)
        default:
            Issue.record("an unknown case")
            return
        }
        let expected = try #require(file.floats("\(name).value").first)
        #expect((value - Double(expected)).magnitude <= Self.tolerance * Double(max(expected, 1)))
        let slopes = try file.floats("\(name).grad_student")
        let scale = slopes.map(\.magnitude).max() ?? 0
        for (own, wanted) in zip(gradient, slopes) {
            #expect((own - wanted).magnitude <= Float(Self.tolerance) * scale)
        }
    }

    /// Images' logits or features, flattened.
    private struct Rows {
        let values: [Float]
        let images: Int
        var length: Int { values.count / images }

        init(_ file: SafetensorsFile, _ name: String) throws {
            values = try file.floats(name)
            images = try #require(file[name]?.shape.first)
        }
    }

    private func crossEntropy(_ student: Rows, _ labels: [Int], share: Double, _ gradient: inout [Float])
        -> Double
    {
        let length = student.length
        return gradient.withUnsafeMutableBufferPointer { gradient in
            labels.enumerated().reduce(0) { sum, item in
                let outcome = student.values.withUnsafeBufferPointer {
                    CrossEntropy.evaluate(
                        logits: $0.baseAddress! + item.offset * length, classes: length, label: item.element,
                        weight: share / Double(student.images),
                        gradient: gradient.baseAddress! + item.offset * length)
                }
                return sum + outcome.loss / Double(student.images)
            }
        }
    }

    private func features(_ student: Rows, _ teacher: Rows, _ gradient: inout [Float]) -> Double {
        let length = student.length
        return gradient.withUnsafeMutableBufferPointer { gradient in
            (0..<student.images).reduce(0) { sum, image in
                let range = image * length..<(image + 1) * length
                let loss = FeatureLoss.evaluate(
                    student: Array(student.values[range]), teacher: Array(teacher.values[range]),
                    count: length, weight: 1 / Double(student.images),
                    gradient: gradient.baseAddress! + image * length)
                return sum + loss / Double(student.images)
            }
        }
    }

    private func softTargets(_ student: Rows, _ teacher: Rows, share: Double, _ gradient: inout [Float])
        -> Double
    {
        let length = student.length
        return gradient.withUnsafeMutableBufferPointer { gradient in
            (0..<student.images).reduce(0) { sum, image in
                let range = image * length..<(image + 1) * length
                let loss = SoftTargets.evaluate(
                    student: Array(student.values[range]), teacher: Array(teacher.values[range]),
                    classes: length, temperature: 4, weight: share / Double(student.images),
                    gradient: gradient.baseAddress! + image * length)
                return sum + loss / Double(student.images)
            }
        }
    }

    private func similarity(_ student: Rows, _ teacher: Rows, share: Double, _ gradient: inout [Float]) throws
        -> Double
    {
        let loss = try SimilarityLoss(images: student.images, features: student.length)
        loss.take(student.values, first: 0, count: student.images)
        for image in 0..<student.images {
            loss.compare(image, teacher: teacher.values, teacherFeatures: teacher.length)
        }
        gradient.withUnsafeMutableBufferPointer { gradient in
            for image in 0..<student.images {
                loss.addGradient(
                    of: image, weight: share, to: gradient.baseAddress! + image * student.length)
            }
        }
        return (0..<student.images).reduce(0) { $0 + loss.loss(of: $1) }
    }
}
