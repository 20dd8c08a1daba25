# Mode by quadrant
# Draws mode_by_quadrant.svg, mode_by_quadrant.pdf and mode_by_quadrant.png from mode_by_quadrant.csv, in this folder: gnuplot mode_by_quadrant.gp
# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.
reset session
data = 'mode_by_quadrant.csv'
set datafile separator comma
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.5 textcolor rgb '#222222'
set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'
set style fill solid 1 noborder
set bars 0
do for [format in 'svg pdf png'] {
  small = format eq 'svg' ? ',10' : ',7.5'
  if (format eq 'svg') { set terminal svg noenhanced size 600,360 font 'DejaVu Sans,12' }
  if (format eq 'pdf') { set terminal pdfcairo noenhanced size 6.250in,3.750in font 'DejaVu Sans,9' fontscale 1 }
  if (format eq 'png') { set terminal pngcairo noenhanced size 1200,720 font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 }
  set output 'mode_by_quadrant.'.format
  set border 0
  unset grid
  set tics scale 0
  set xrange [0:100]
  set yrange [0:100]
  set xtics ('Q1' 18.627, 'Q2' 46.814, 'Q3' 62.990, 'Q4' 84.804) 
  set ytics 0,25,100
  set ylabel 'share of the clips of a quadrant, %' offset 1,0
  set key outside top left horizontal Left reverse samplen 1.5
  plot data using (strcol('mode') eq 'major' ? (column('x_low')+column('x_high'))/2 : NaN):((column('y_low')+column('y_high'))/2):(column('x_low')+0.3):(column('x_high')-0.3):(column('y_low')):(column('y_high')) with boxxyerror fs solid 1 border lc rgb '#FFFFFF' fc rgb '#F2D38A' title 'major', \
    data using (strcol('mode') eq 'minor' ? (column('x_low')+column('x_high'))/2 : NaN):((column('y_low')+column('y_high'))/2):(column('x_low')+0.3):(column('x_high')-0.3):(column('y_low')):(column('y_high')) with boxxyerror fs solid 1 border lc rgb '#FFFFFF' fc rgb '#004B7A' title 'minor', \
    data using (strcol('mode') eq 'undefined' ? (column('x_low')+column('x_high'))/2 : NaN):((column('y_low')+column('y_high'))/2):(column('x_low')+0.3):(column('x_high')-0.3):(column('y_low')):(column('y_high')) with boxxyerror fs solid 1 border lc rgb '#FFFFFF' fc rgb '#C8C8C8' title 'undefined', \
    data using ((column('x_low')+column('x_high'))/2):((column('y_low')+column('y_high'))/2):(strcol('cell')):(strcol('mode') eq 'minor' ? 0xFFFFFF : 0x000000) with labels font small textcolor rgb variable notitle
}
set output
