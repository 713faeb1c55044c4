using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vit.Images;

namespace Microsoft.ML.Vit.Batching;

/// <summary>The label and the image column of training rows, checked, and what their types say about the model.</summary>
internal sealed class TrainingColumns
{
    private TrainingColumns(DataViewSchema.Column label, DataViewSchema.Column feature)
    {
        Label = label;
        Feature = feature;
        Labels = LabelValues.Of(label);
    }

    /// <summary>The label, a key.</summary>
    public DataViewSchema.Column Label { get; }

    /// <summary>The images.</summary>
    public DataViewSchema.Column Feature { get; }

    /// <summary>The classes: all that the key type names, whether or not the rows have each.</summary>
    public LabelValues Labels { get; }

    /// <summary>Whether the images are float vectors.</summary>
    public bool IsFloat => FeatureColumn.KindOf(Feature.Type) == ImageColumnKind.Floats;

    /// <summary>Finds and checks the columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type.</exception>
    public static TrainingColumns Of(IExceptionContext context, DataViewSchema schema, string labelName, string featureName)
    {
        DataViewSchema.Column label = schema.GetColumnOrNull(labelName) ?? throw context.ExceptSchemaMismatch(nameof(schema), "label", labelName);
        if (label.Type is not KeyDataViewType key)
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "label", labelName, "key (of MapValueToKey)", label.Type.ToString());
        }
        if (key.Count is < 2 or > int.MaxValue)
        {
            throw new InvalidOperationException($"The label column '{labelName}' has {key.Count} class(es); a classifier needs at least two.");
        }
        DataViewSchema.Column feature = schema.GetColumnOrNull(featureName) ?? throw context.ExceptSchemaMismatch(nameof(schema), "feature", featureName);
        FeatureColumn.Check(feature);
        return new TrainingColumns(label, feature);
    }

    /// <summary>The label column's shape, checked.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or not a key.</exception>
    public static SchemaShape.Column LabelShape(IExceptionContext context, SchemaShape schema, string name)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column label))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "label", name);
        }
        return label.IsKey && label.Kind == SchemaShape.Column.VectorKind.Scalar
            ? label
            : throw context.ExceptSchemaMismatch(nameof(schema), "label", name, "key (of MapValueToKey)", label.GetTypeString());
    }

    /// <summary>Checks the image column's shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of a type that holds no images.</exception>
    public static void CheckFeatureShape(IExceptionContext context, SchemaShape schema, string name)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column feature))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "feature", name);
        }
        FeatureColumn.Check(feature);
    }

    /// <summary>The size of the images as far as the column's type tells it, and their channels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A float vector's length is not that of a square image.</exception>
    public (PixelSize? Size, int Channels) ImageShape()
    {
        if (!IsFloat)
        {
            return (FeatureColumn.FixedSize(Feature.Type), 3);
        }
        int length = Feature.Type.GetVectorSize();
        foreach (int channels in (int[])[3, 1])
        {
            int side = (int)Math.Round(Math.Sqrt((double)length / channels));
            if (side > 0 && side * side * channels == length)
            {
                return (side, channels);
            }
        }
        throw new ArgumentOutOfRangeException(
            nameof(Feature),
            $"The feature column '{Feature.Name}' is a vector of {length} floats, not of a square image with 3 channels or 1; set VitOptions.Model with the ImageSize and Channels that it has.");
    }

    /// <summary>How the column's values become the input of a model of this image size; float vectors are taken as they are until <see cref="MeasuredOn"/>.</summary>
    public Preprocessing PreprocessingFor(PixelSize size, int channels, Interpolation interpolation)
    {
        var preprocessing = new Preprocessing { Size = size, Channels = channels, Interpolation = interpolation };
        return Checked(IsFloat ? preprocessing with { RescaleFactor = 1, Mean = [0], Std = [1] } : preprocessing);
    }

    /// <summary>The preprocessing, once the column is proved to fit it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not.</exception>
    public Preprocessing Checked(Preprocessing preprocessing)
    {
        FeatureColumn.Check(Feature, preprocessing);
        return preprocessing;
    }

    /// <summary>The rows that these are the columns of, their images read so.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="preprocessing">The images' size and channels.</param>
    /// <param name="role">"training" or "validation", for messages.</param>
    /// <param name="cropSource">Height and width of the larger copy that is read with each image, for crops; null for none.</param>
    public LabeledRows Rows(IDataView data, Preprocessing preprocessing, string role, PixelSize? cropSource = null) => new(data, Label, Feature, preprocessing, role, cropSource);

    /// <summary>Float vectors have a scale of their own, so their mean and standard deviation are the training images'; pixels keep the usual ones.</summary>
    public Preprocessing MeasuredOn(ImageSubset training, Preprocessing preprocessing)
    {
        if (!IsFloat)
        {
            return preprocessing;
        }
        var statistics = new ChannelStatistics(preprocessing.Channels);
        using IPixelPass pass = training.Source.Images.Read(training.Indices);
        byte[] buffer = new byte[training.Source.Images.Shape.Bytes];
        foreach (int index in training.Indices)
        {
            statistics.Add(MemoryMarshal.Cast<byte, float>(pass.Read(index, buffer)));
        }
        return preprocessing with { Mean = statistics.Mean(), Std = statistics.Std() };
    }

    /// <summary>Two classes at least must have images.</summary>
    /// <exception cref="InvalidOperationException">All rows have one class.</exception>
    public void CheckClasses(LabeledImages images)
    {
        if (images.Labels.All(label => label == images.Labels[0]))
        {
            throw new InvalidOperationException($"All {images.Count} usable training rows have one class, '{Labels.Names[images.Labels[0]]}'; a classifier needs at least two.");
        }
    }

    /// <summary>Validation rows must have the training rows' keys.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They have others.</exception>
    public void CheckSameLabels(TrainingColumns validation)
    {
        if (!Labels.Names.SequenceEqual(validation.Labels.Names))
        {
            throw new ArgumentOutOfRangeException(
                nameof(validation),
                $"The validation data's label column '{Label.Name}' has the keys {Listed(validation.Labels)}, the training data's {Listed(Labels)}; transform both by the same MapValueToKey.");
        }
    }

    private static string Listed(LabelValues labels) =>
        $"{string.Join(", ", labels.Names.Take(10))}{(labels.Count > 10 ? $" … ({labels.Count})" : "")}";
}
