# Confusion
# Draws confusion.svg, confusion.pdf and confusion.png from confusion.csv, in this folder: gnuplot confusion.gp
# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.
reset session
data = 'confusion.csv'
set datafile separator comma
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.5 textcolor rgb '#222222'
set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'
set style fill solid 1 noborder
set bars 0
do for [format in 'svg pdf png'] {
  small = format eq 'svg' ? ',10' : ',7.5'
  if (format eq 'svg') { set terminal svg noenhanced size 578,878 font 'DejaVu Sans,12' }
  if (format eq 'pdf') { set terminal pdfcairo noenhanced size 6.021in,9.146in font 'DejaVu Sans,9' fontscale 1 }
  if (format eq 'png') { set terminal pngcairo noenhanced size 1156,1756 font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 }
  set output 'confusion.'.format
  set multiplot
  set border 0
  unset grid
  unset key
  unset colorbox
  set tics scale 0
  set palette defined (0 '#F7FBFF', 0.5 '#6BAED6', 1 '#08306B')
  set cbrange [0:100]
  set xrange [-0.5:3.5]
  set yrange [3.5:-0.5]
  set xtics ('Q1' 0, 'Q2' 1, 'Q3' 2, 'Q4' 3) offset 0,0.5
  set lmargin at screen 0.0865
  set rmargin at screen 0.3702
  set tmargin at screen 0.9567
  set bmargin at screen 0.7859
  set label 1 'none' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel 'label' offset 0,0
  set ytics ('Q1' 0, 'Q2' 1, 'Q3' 2, 'Q4' 3)
  plot data using (column('matrix') == 0 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 0 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.3910
  set rmargin at screen 0.6747
  set tmargin at screen 0.9567
  set bmargin at screen 0.7859
  set label 1 'constant site=0' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 1 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 1 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.6955
  set rmargin at screen 0.9792
  set tmargin at screen 0.9567
  set bmargin at screen 0.7859
  set label 1 'mode site=0' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 2 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 2 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.0865
  set rmargin at screen 0.3702
  set tmargin at screen 0.7130
  set bmargin at screen 0.5421
  set label 1 'shuffled site=0' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel 'label' offset 0,0
  set ytics ('Q1' 0, 'Q2' 1, 'Q3' 2, 'Q4' 3)
  plot data using (column('matrix') == 3 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 3 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.3910
  set rmargin at screen 0.6747
  set tmargin at screen 0.7130
  set bmargin at screen 0.5421
  set label 1 'linear_svm' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 4 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 4 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.6955
  set rmargin at screen 0.9792
  set tmargin at screen 0.7130
  set bmargin at screen 0.5421
  set label 1 'logistic' at graph 0.5,1.14 center font small
  set label 2 'features=[’all’]' at graph 0.5,1.05 center font small
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 5 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 5 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.0865
  set rmargin at screen 0.3702
  set tmargin at screen 0.4692
  set bmargin at screen 0.2984
  set label 1 'logistic' at graph 0.5,1.14 center font small
  set label 2 'features=[’without_velocity’]' at graph 0.5,1.05 center font small
  set ylabel 'label' offset 0,0
  set ytics ('Q1' 0, 'Q2' 1, 'Q3' 2, 'Q4' 3)
  plot data using (column('matrix') == 6 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 6 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.3910
  set rmargin at screen 0.6747
  set tmargin at screen 0.4692
  set bmargin at screen 0.2984
  set label 1 'majority' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 7 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 7 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.6955
  set rmargin at screen 0.9792
  set tmargin at screen 0.4692
  set bmargin at screen 0.2984
  set label 1 'mode_only' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 8 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 8 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.0865
  set rmargin at screen 0.3702
  set tmargin at screen 0.2255
  set bmargin at screen 0.0547
  set label 1 'random_forest' at graph 0.5,1.14 center font small
  set label 2 'features=[’all’]' at graph 0.5,1.05 center font small
  set ylabel 'label' offset 0,0
  set ytics ('Q1' 0, 'Q2' 1, 'Q3' 2, 'Q4' 3)
  plot data using (column('matrix') == 9 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 9 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.3910
  set rmargin at screen 0.6747
  set tmargin at screen 0.2255
  set bmargin at screen 0.0547
  set label 1 'random_forest' at graph 0.5,1.14 center font small
  set label 2 'features=[’without_velocity’]' at graph 0.5,1.05 center font small
  set ylabel '' offset 0,0
  set ytics ('' 0)
  plot data using (column('matrix') == 10 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 10 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  set lmargin at screen 0.6955
  set rmargin at screen 0.9792
  set tmargin at screen 0.2255
  set bmargin at screen 0.0547
  set label 1 'rbf_svm features=[’all’]' at graph 0.5,1.06 center font small
  unset label 2
  set ylabel '' offset 0,0
  set ytics ('' 0)
  set label 3 'predicted' at screen 0.5,0.0103 center
  plot data using (column('matrix') == 11 ? column('predicted') : NaN):(column('label')):(0.49):(0.48):(column('percent')) with boxxyerror lc palette, \
    data using (column('matrix') == 11 ? column('predicted') : NaN):(column('label')):(sprintf('%.0f', column('percent'))):(column('percent') > 55 ? 0xFFFFFF : 0x000000) with labels textcolor rgb variable
  unset multiplot
  unset label
}
set output
