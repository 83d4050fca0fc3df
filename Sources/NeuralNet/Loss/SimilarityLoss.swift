import TensorCore

/// How far the similarities between a shard's images differ between student and teacher (Tung, Mori:
/// "Similarity-preserving knowledge distillation", ICCV 2019).
///
/// With a row of features for each image, X is (images, features) and G = X·Xᵀ, each row divided by its ℓ2
/// norm; the loss is the mean of the squared differences between the student's and the teacher's G. All in
/// fp64, one image after the other: the bits do not depend on which thread does which image.
///
/// Unchecked: threads work on images of their own, and read others' only after they have met.
final class SimilarityLoss: @unchecked Sendable {
    /// Norms of rows are at least so much.
    private static let normMin = 1e-12

    let images: Int
    let features: Int
    /// The student's X.
    private let student: AlignedBuffer<Float>
    /// ∂loss/∂G, (images, images).
    private let slopes: AlignedBuffer<Double>
    /// A row of G, of the student and of the teacher, for each image.
    private let rows: AlignedBuffer<Double>
    /// Each image's share of the loss.
    private let losses: AlignedBuffer<Double>

    init(images: Int, features: Int) throws(EngineError) {
        self.images = images
        self.features = features
        student = try AlignedBuffer(attempting: images * features)
        slopes = try AlignedBuffer(attempting: images * images)
        rows = try AlignedBuffer(attempting: 2 * images * images)
        losses = try AlignedBuffer(attempting: images)
    }

    /// Takes over the student's features of `count` images from `first` on.
    func take(_ values: UnsafePointer<Float>, first: Int, count: Int) {
        (student.pointer + first * features).update(from: values, count: count * features)
    }

    /// One image's share of the loss, kept for ``loss(of:)`` and ``addGradient(of:weight:to:)``. All of the
    /// student's features must be there.
    /// - Parameter teacher: (images, teacherFeatures).
    func compare(_ image: Int, teacher: UnsafePointer<Float>, teacherFeatures: Int) {
        let own = rows.pointer + 2 * image * images
        let wanted = own + images
        let norm = fillRow(own, image, student.pointer, features)
        _ = fillRow(wanted, image, teacher, teacherFeatures)
        let share = 1 / Double(images * images)
        let slope = slopes.pointer + image * images
        var (loss, projection) = (0.0, 0.0)
        for other in 0..<images {
            let difference = own[other] - wanted[other]
            loss += difference * difference
            slope[other] = 2 * difference * share
            projection += own[other] * slope[other]
        }
        // A norm that was held up is a constant.
        if norm <= Self.normMin { projection = 0 }
        for other in 0..<images { slope[other] = (slope[other] - own[other] * projection) / norm }
        losses.pointer[image] = loss * share
    }

    /// The image's share of the loss; all images' shares add up to it.
    func loss(of image: Int) -> Double { losses.pointer[image] }

    /// Adds weight·∂loss/∂X of one image, `features` elements. All images must have been compared.
    func addGradient(of image: Int, weight: Double, to gradient: UnsafeMutablePointer<Float>) {
        let factors = rows.pointer + 2 * image * images
        for other in 0..<images {
            factors[other] = slopes.pointer[image * images + other] + slopes.pointer[other * images + image]
        }
        for feature in 0..<features {
            var sum = 0.0
            for other in 0..<images {
                sum += factors[other] * Double(student.pointer[other * features + feature])
            }
            gradient[feature] += Float(sum * weight)
        }
    }

    /// A normalised row of G.
    /// - Returns: what it was divided by.
    private func fillRow(
        _ row: UnsafeMutablePointer<Double>, _ image: Int, _ values: UnsafePointer<Float>, _ features: Int
    ) -> Double {
        let own = values + image * features
        var squares = 0.0
        for other in 0..<images {
            let theirs = values + other * features
            var sum = 0.0
            for feature in 0..<features { sum += Double(own[feature]) * Double(theirs[feature]) }
            row[other] = sum
            squares += sum * sum
        }
        let norm = max(squares.squareRoot(), Self.normMin)
        for other in 0..<images { row[other] /= norm }
        return norm
    }
}
